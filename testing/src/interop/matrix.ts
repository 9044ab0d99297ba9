import { UnsupportedError } from "./calls.ts"
import type { MlsStack } from "./calls.ts"
import { knownLimit } from "./peer-limits.ts"
import { play } from "./play.ts"
import { actorsOf } from "./script.ts"
import type { Script } from "./script.ts"

/** What came of one story with one cast. */
export interface Outcome {
  readonly script: string
  readonly cipherSuite: number
  readonly handshake: "private" | "public"
  /** Stacks in the order in which actors are given to them. */
  readonly stacks: readonly string[]
  /** `unsupported` where a stack says that it has no such call, or is known not to follow RFC 9420 there. */
  readonly result: "passed" | "failed" | "unsupported"
  readonly because?: string
  readonly milliseconds: number
}

/** A stack that takes part. */
export interface Participant {
  readonly name: string
  readonly calls: MlsStack
  readonly cipherSuites: readonly number[]
}

/** Asks a stack what it is. */
export async function introduce(name: string, calls: MlsStack): Promise<Participant> {
  const { ciphersuites } = await calls.supportedCiphersuites({})
  return { name, calls, cipherSuites: ciphersuites }
}

/** Suites that all of them have, in the order of the first. */
function commonSuites([first, ...others]: readonly Participant[]): number[] {
  return (first?.cipherSuites ?? []).filter((id) => others.every(({ cipherSuites }) => cipherSuites.includes(id)))
}

/**
 * Plays stories with each suite that all have and with both kinds of handshake messages.
 *
 * Actors are given to the participants in turn, in the order in which they appear. The first participant is the creator.
 */
export async function* playAll(
  scripts: readonly Script[],
  participants: readonly Participant[],
  only: { readonly cipherSuites?: readonly number[]; readonly handshakes?: readonly Outcome["handshake"][] } = {},
): AsyncGenerator<Outcome, void, undefined> {
  const common = commonSuites(participants)
  const wanted = common.filter((id) => only.cipherSuites?.includes(id) ?? true)
  for (const cipherSuite of wanted) {
    for (const handshake of only.handshakes ?? (["private", "public"] as const)) {
      for (const script of scripts) yield await playOne(script, participants, { cipherSuite, handshake, common })
    }
  }
}

async function playOne(
  script: Script,
  participants: readonly Participant[],
  how: {
    readonly cipherSuite: number
    readonly handshake: Outcome["handshake"]
    readonly common: readonly number[]
  },
): Promise<Outcome> {
  const { cipherSuite, handshake, common } = how
  const players = new Map(actorsOf(script).map((actor, at) => [actor, participants[at % participants.length]!.calls]))
  const startedAt = performance.now()
  const row = { script: script.name, cipherSuite, handshake, stacks: participants.map(({ name }) => name) }
  const others = common.filter((id) => id !== cipherSuite)
  if (others.length === 0 && script.steps.some(({ changeciphersuite }) => changeciphersuite === true)) {
    return { ...row, result: "unsupported", because: "they have only one suite in common", milliseconds: 0 }
  }
  const took = (): number => Math.round(performance.now() - startedAt)
  try {
    await play(script, {
      stackOf: (actor) => players.get(actor)!,
      cipherSuite,
      otherCipherSuite: others[0] ?? cipherSuite,
      encryptHandshake: handshake === "private",
      treesBeside: participants.some(({ name }) => name === "mls-ts"),
    })
    return { ...row, result: "passed", milliseconds: took() }
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error)
    const limit = knownLimit(row.stacks, because)
    const result = error instanceof UnsupportedError || limit !== undefined ? "unsupported" : "failed"
    return { ...row, result, because: limit ?? because, milliseconds: took() }
  }
}
