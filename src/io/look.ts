//
//   How stdout may look: colour and block characters only where a terminal can show them.
//

export function lookOfStdout(): { colour: boolean; unicode: boolean } {
  const { NO_COLOR, TERM, LC_ALL, LC_CTYPE, LANG } = process.env;
  const terminal = process.stdout.isTTY === true;
  return {
    colour: terminal && !NO_COLOR && TERM !== "dumb",
    unicode: terminal && /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || ""),
  };
}
