import { isDeepStrictEqual } from "node:util"
import { fromHex } from "@qpc/wire"
import { formatOf, goldenProfile1, revived } from "gbp-node/golden"
import type { Golden } from "gbp-node/golden"
import { PeerError } from "../peer-program.ts"
import { FLAWS, NODE_FLAWS } from "./flaws.ts"
import type { Cast } from "./group.ts"
import type { PublishedStack } from "./published-stack.ts"
import { SCENES } from "./scenes.ts"
import type { Stack } from "./stack-member.ts"

/** One golden message, as the published stack took it. */
export interface GoldenOutcome {
  readonly name: string
  readonly kind: string
  readonly codec: string
  /**
   * - `same_bytes`: it read the same value and wrote the same bytes.
   * - `same_value`: the same value in another layout, which we read.
   */
  readonly result: "same_bytes" | "same_value" | "failed"
  readonly because?: string
}

/** One scene with one cast. */
export interface SceneOutcome {
  readonly scene: string
  readonly creator: string
  readonly joiner: string
  readonly third: string
  readonly because?: string
}

/** One flaw, and where it was seen. */
export interface FlawOutcome {
  readonly flaw: string
  readonly published: boolean
  /** Left out for what our bare parts have no rules for. */
  readonly ours?: boolean
  readonly facade: boolean
  readonly isInTheBytes: boolean
}

/** Lets the published stack read and write every golden message. */
export async function playGolden(published: PublishedStack): Promise<readonly GoldenOutcome[]> {
  const outcomes: GoldenOutcome[] = []
  for (const golden of goldenProfile1().messages) {
    const { name, kind, codec } = golden
    outcomes.push({ name, kind, codec, ...(await playOne(published, golden)) })
  }
  return outcomes
}

async function playOne(
  published: PublishedStack,
  { kind, codec, hex, value }: Golden,
): Promise<Pick<GoldenOutcome, "result" | "because">> {
  try {
    const read = await published.readAndWrite(kind, codec, hex)
    // It has no type for some arguments; its CBOR library reads them.
    if (read.value !== null && !isDeepStrictEqual(read.value, value)) {
      return { result: "failed", because: `read ${JSON.stringify(read.value)}` }
    }
    if (read.hex === hex) return { result: "same_bytes" }
    const again = formatOf(kind, codec).decode(fromHex(read.hex))
    if (codec === "flatbuffers" && isDeepStrictEqual(again, revived(value))) return { result: "same_value" }
    return { result: "failed", because: `wrote ${read.hex}` }
  } catch (error) {
    if (error instanceof PeerError) return { result: "failed", because: error.reason }
    throw error
  }
}

/** Plays all scenes, each stack in each part beside the other. */
export async function playScenes(ours: Stack, published: Stack): Promise<readonly SceneOutcome[]> {
  const casts: readonly Cast[] = [
    { creator: ours, joiner: published, third: published },
    { creator: ours, joiner: published, third: ours },
    { creator: published, joiner: ours, third: published },
    { creator: published, joiner: ours, third: ours },
  ]
  const outcomes: SceneOutcome[] = []
  for (const { name, play } of SCENES) {
    for (const cast of casts) {
      const { creator, joiner, third } = cast
      const played = { scene: name, creator: creator.name, joiner: joiner.name, third: third.name }
      const because = await play(cast).then(
        () => undefined,
        (error: unknown) => String(error),
      )
      outcomes.push(because === undefined ? played : { ...played, because })
    }
  }
  return outcomes
}

/** Whom the flaws are looked for in. */
export interface Suspects {
  readonly published: Stack
  readonly ours: Stack
  readonly facade: Stack
}

/** Looks for all flaws. */
export async function playFlaws({ published, ours, facade }: Suspects): Promise<readonly FlawOutcome[]> {
  const outcomes: FlawOutcome[] = []
  for (const flaw of [...FLAWS, ...NODE_FLAWS]) {
    const { name, see, isInTheBytes } = flaw
    const seen = { flaw: name, published: await see(published), facade: await see(facade), isInTheBytes }
    outcomes.push(NODE_FLAWS.includes(flaw) ? seen : { ...seen, ours: await see(ours) })
  }
  return outcomes
}
