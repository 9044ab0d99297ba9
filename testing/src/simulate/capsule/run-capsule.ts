import { closeSync, openSync, readSync } from "node:fs"
import { CAPSULE_LIMITS, CapsuleError, decodeCapsule, encodeCapsule } from "@qpc/sdk"
import type { Capsule } from "@qpc/sdk"
import { replayCapsule } from "./replay-capsule.ts"
import type { Replay, ReplayOptions } from "./replay-capsule.ts"

/** What a script learns from a replay. */
const REPLAY_EXIT_CODES = { same: 0, different: 1, broken_off: 1, noCapsule: 2, not_buildable: 3 } as const

/** What to print, and the exit code. */
export interface CapsuleRun {
  readonly lines: readonly string[]
  readonly exitCode: number
}

/** Replays the capsule in a file. Nothing of what is in the file is printed but words and numbers that a capsule may hold. */
export async function runCapsule(file: string, options: ReplayOptions): Promise<CapsuleRun> {
  let capsule: Capsule
  try {
    capsule = decodeCapsule(readText(file))
  } catch (error) {
    const { noCapsule: exitCode } = REPLAY_EXIT_CODES
    if (error instanceof CapsuleError) return { lines: [`${file}: ${error.message}`, ADVICE[error.code]], exitCode }
    if (!(error instanceof Error && "code" in error)) throw error
    return { lines: [`${file} cannot be read (${String(error.code)})`], exitCode }
  }
  const replay = await replayCapsule(capsule, options)
  return { lines: [...about(capsule), ...outcome(replay)], exitCode: REPLAY_EXIT_CODES[replay.kind] }
}

const SAME_FILE = "ask for the file as qpc doctor wrote it"
const ADVICE: Readonly<Record<CapsuleError["code"], string>> = {
  too_large: SAME_FILE,
  too_deep: SAME_FILE,
  not_json: SAME_FILE,
  malformed: SAME_FILE,
  not_canonical: SAME_FILE,
  unknown_version: "use the simulator of the commit that wrote it",
}

/** Reads no more than a capsule may have, and one byte: a device has no end. */
function readText(file: string): string {
  const handle = openSync(file, "r")
  try {
    const bytes = Buffer.alloc(CAPSULE_LIMITS.characters + 1)
    let length = 0
    for (let read = -1; read !== 0; length += read) read = readSync(handle, bytes, length, bytes.length - length, null)
    return bytes.toString("utf8", 0, length)
  } finally {
    closeSync(handle)
  }
}

function* about({ versions, findings, groups }: Capsule): Generator<string> {
  const { program, memberState, schema } = versions
  yield `written by qpc ${program}, member state ${memberState}, database ${schema}`
  yield `profile: ${findings.map(({ state }) => state).join(", ")}`
  for (const { group, findings: found } of groups) {
    yield `group ${group}: ${found.map(({ state }) => state).join(", ")}`
  }
}

function* outcome(replay: Replay): Generator<string> {
  switch (replay.kind) {
    case "same":
      return yield "REPLAYED: the doctor sees the same"
    case "different":
      yield "DIFFERENT: the replay led to another state"
      yield* replay.differences.map((line) => `  ${line}`)
      yield "what the doctor sees in the replay:"
      return yield encodeCapsule(replay.capsule).trimEnd()
    case "not_buildable":
      yield "NOT REPLAYED: this cannot be built in the simulator"
      return yield* replay.obstacles.map(({ what, because }) => `  ${what}: ${because}`)
    case "broken_off":
      return yield `BROKEN OFF: no such history could be played: ${replay.because}`
  }
}
