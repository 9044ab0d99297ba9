import { nodeVectorProvider } from "@qpc/crypto/vectors"
import { vectorFolder } from "@qpc/wire/node"
import { runSafely } from "@qpc/wire/vectors"
import type { VectorFiles } from "@qpc/wire/vectors"
import type { Command } from "../command.ts"
import { textOf } from "../command.ts"
import { EXIT_CODES } from "../exit-code.ts"
import { checklistSets, goldenSets, Report } from "../report/index.ts"
import { UsageError } from "../usage-error.ts"
import { vectorSets } from "../vectors/vector-sets.ts"
import { vectorPlace } from "../vectors/vector-place.ts"

const UINT32_MAX = 0xffff_ffff
/** What is read where no folder of vectors was found: nothing. */
const NO_FILES: VectorFiles = { place: "vectors", text: () => undefined }

/** Plays the checklist of the interoperability profile, runs golden messages and published vectors, and reports. */
export const conformance: Command = {
  name: "conformance",
  summary: "play the interoperability checklist, run the golden messages and the published test vectors, and report",
  options: [
    { flags: "--seed <number>", description: "of the simulated network's delays and losses. Default 1" },
    {
      flags: "--vectors <folder>",
      description:
        "where the published test vectors are. Default: VECTORS_DIR, or ../shared/vectors beside a checkout. " +
        "Sets whose files are not there are skipped, and the report says where to get them",
    },
  ],
  examples: [
    "gbp-node conformance",
    "gbp-node conformance --vectors ./vectors",
    "gbp-node --json conformance --seed 7",
  ],
  run: async ({ output, environment }, values) => {
    const seed = seedOf(textOf(values, "seed") ?? "1")
    const place = vectorPlace(textOf(values, "vectors"), environment)
    const report = new Report((line) => output.line(line))
    for await (const set of checklistSets([seed], Date.now())) report.add(set)
    for (const set of goldenSets()) report.add(runSafely(set))
    const files = place === undefined ? NO_FILES : vectorFolder(place)
    for (const set of vectorSets(files, nodeVectorProvider())) report.add(runSafely(set))
    output.result({ vectors: place ?? null, ...report.data }, ...report.summary())
    return report.isGood ? EXIT_CODES.ok : EXIT_CODES.failed
  },
}

/** @throws UsageError */
function seedOf(text: string): number {
  const seed = Number(text)
  if (Number.isInteger(seed) && seed >= 0 && seed <= UINT32_MAX) return seed
  throw new UsageError("The seed is a number from 0 to 4294967295.")
}
