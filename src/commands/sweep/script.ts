//
//   How the shards of a sweep are run on a cluster (Slurm's array jobs) or on one machine (GNU parallel).
//

/** An array script for sbatch, or one line for a shell. */
export function batchScript(kind: "slurm" | "parallel", name: string, folder: string, shards: number): string {
  const quoted = `'${folder.replaceAll("'", `'\\''`)}'`;
  const run = `mobisim sweep run ${quoted} --quiet`;
  const merge = `mobisim sweep merge ${quoted}`;
  if (kind === "parallel") return `parallel ${run} --workers 1 --shard {}/${shards} ::: $(seq ${shards}) && ${merge}\n`;
  return [
    "#!/bin/bash",
    `#SBATCH --job-name=${name.replace(/[^\w.-]/g, "_")}`,
    `#SBATCH --array=1-${shards}`,
    "#SBATCH --ntasks=1",
    "#SBATCH --cpus-per-task=1",
    `# when all are done: ${merge}`,
    `${run} --workers "\${SLURM_CPUS_PER_TASK:-1}" --shard "$SLURM_ARRAY_TASK_ID/${shards}"`,
    "",
  ].join("\n");
}
