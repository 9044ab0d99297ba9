import type { FlawOutcome, GoldenOutcome, SceneOutcome } from "./play.ts"
import { meanTheSame } from "./spoiled.ts"
import type { SpoiledOutcome } from "./spoiled.ts"

/** All that was played, and with what. */
export interface Report {
  readonly published: { readonly repository: string; readonly commit: string; readonly release: string }
  readonly golden: readonly GoldenOutcome[]
  readonly spoiled: readonly SpoiledOutcome[]
  /** Of our parts, and of the facade, with the published stack. */
  readonly scenes: readonly SceneOutcome[]
  readonly flaws: readonly FlawOutcome[]
}

/** True if the stacks understand each other, and neither of ours has a flaw that is not in the bytes. */
export function isGood({ golden, spoiled, scenes, flaws }: Report): boolean {
  return (
    spoiled.every(meanTheSame) &&
    golden.every(({ result }) => result !== "failed") &&
    scenes.every(({ because }) => because === undefined) &&
    flaws.every(({ ours = false, facade, isInTheBytes }) => isInTheBytes || (!ours && !facade))
  )
}

/** The tables of `docs/interop-gbp.md`, in Markdown. */
export function toText(report: Report): string {
  const { published, golden, spoiled, scenes, flaws } = report
  return [
    `Published stack: ${published.release}, ${published.commit}`,
    "",
    ...goldenTable(golden),
    "",
    ...spoiledTable(spoiled),
    "",
    ...scenesTable(scenes.filter(({ creator, joiner }) => [creator, joiner].includes("ours"))),
    "",
    ...scenesTable(scenes.filter(({ creator, joiner }) => [creator, joiner].includes("gbp-stack"))),
    "",
    ...flawsTable(flaws),
    "",
    isGood(report)
      ? "The two understand each other."
      : "THE TWO DO NOT UNDERSTAND EACH OTHER, or ours has a flaw of its own.",
  ].join("\n")
}

function goldenTable(golden: readonly GoldenOutcome[]): readonly string[] {
  const codecs = [...new Set(golden.map(({ codec }) => codec))]
  const rows = codecs.map((codec) => {
    const results = golden.filter((one) => one.codec === codec).map(({ result }) => result)
    const count = (wanted: GoldenOutcome["result"]): number => results.filter((result) => result === wanted).length
    return `| ${codec} | ${results.length} | ${count("same_bytes")} | ${count("same_value")} | ${count("failed")} |`
  })
  const failures = golden.filter(({ because }) => because !== undefined)
  return [
    "| golden messages | read and written | the same bytes | the same value in another layout | failed |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    ...failures.map(({ codec, kind, name, because }) => `\n${codec} ${kind}, ${name}: ${because}`),
  ]
}

function spoiledTable(spoiled: readonly SpoiledOutcome[]): readonly string[] {
  return [
    "| spoiled messages | refused by both | read by both, the same | read by theirs alone | read by ours alone | read as other values |",
    "| --- | --- | --- | --- | --- | --- |",
    ...spoiled.map(({ codec, refused, same, theirsAlone, oursAlone, otherValues }) => {
      const fields = Object.entries(otherValues).map(([field, count]) => `${count} by ${field}`)
      return `| ${[codec, refused, same, theirsAlone, oursAlone, fields.join(", ") || 0].join(" | ")} |`
    }),
  ]
}

const castOf = ({ creator, joiner, third }: SceneOutcome): string => `${creator} · ${joiner} · ${third}`
const seen = (is: boolean | undefined): string => (is === undefined ? "–" : is ? "yes" : "no")

function scenesTable(scenes: readonly SceneOutcome[]): readonly string[] {
  const casts = [...new Set(scenes.map(castOf))]
  const names = [...new Set(scenes.map(({ scene }) => scene))]
  const rows = names.map((name) => {
    const cells = casts.map((cast) => {
      const outcome = scenes.find((one) => one.scene === name && castOf(one) === cast)
      return outcome === undefined ? "" : outcome.because === undefined ? "ok" : "FAILED"
    })
    return `| ${name} | ${cells.join(" | ")} |`
  })
  const failures = scenes.filter(({ because }) => because !== undefined)
  return [
    `| scene (creator · joiner · third) | ${casts.join(" | ")} |`,
    `| --- |${" --- |".repeat(casts.length)}`,
    ...rows,
    ...failures.map((one) => `\n${one.scene} (${castOf(one)}): ${one.because}`),
  ]
}

function flawsTable(flaws: readonly FlawOutcome[]): readonly string[] {
  return [
    "| flaw | published | ours, profile 1 | `gbp-stack`, profile 1 |",
    "| --- | --- | --- | --- |",
    ...flaws.map(({ flaw, published, ours, facade, isInTheBytes }) => {
      const why = isInTheBytes ? ": it is in the bytes" : ""
      const cells = [ours, facade].map((is) => (is === true ? `yes${why}` : seen(is)))
      return `| ${flaw} | ${seen(published)} | ${cells.join(" | ")} |`
    }),
  ]
}
