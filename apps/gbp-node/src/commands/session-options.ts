import { randomInt } from "node:crypto"
import { NONCE_REUSE_RISK } from "gbp-stack"
import { textOf } from "../command.ts"
import type { Command } from "../command.ts"
import type { SessionOptions } from "../session/group-session.ts"
import type { TransportChoice } from "../session/transports.ts"
import { UsageError } from "../usage-error.ts"

const MEMBER_ID_END = 1_000_000
const RISK = "nonce-reuse"
const IDLE_SECONDS = 30
const IDLE_SECONDS_MAX = 3_600
const MS_PER_SECOND = 1_000
/** Half of the silence after which members take the coordinator for gone (GBP "Timers"). */
const SIGN_OF_LIFE_MS = 5_000
const SIGNS_PER_SILENCE = 3

/** What `listen` and `connect` have in common. */
export const SESSION_OPTIONS: Command["options"] = [
  { flags: "--transport <name>", description: "what carries the frames", choices: ["tcp", "quic"] },
  {
    flags: "--idle <seconds>",
    description: "a node that is silent for so long is gone. Default 30; the same at both ends",
  },
  { flags: "--name <name>", description: "who you say you are; nobody checks it" },
  { flags: "--member <id>", description: "your member id, below 1000000 and nobody else's" },
  { flags: "--profile <name>", description: "gbp/1 is for the published stack only", choices: ["gbp/2", "gbp/1"] },
  {
    flags: "--accept-risk <risk>",
    description: "nonce-reuse: lets several members send in gbp/1, where that breaks the seal",
  },
]

/** @throws UsageError */
export function transportOf(values: Readonly<Record<string, unknown>>): TransportChoice {
  const name = textOf(values, "transport") === "quic" ? "quic" : "tcp"
  const typed = textOf(values, "idle")
  const seconds = typed === undefined ? IDLE_SECONDS : Number(typed)
  if (!(seconds >= 1 && seconds <= IDLE_SECONDS_MAX)) {
    throw new UsageError(`${typed} is no time.`, `It is a number of seconds from 1 to ${IDLE_SECONDS_MAX}.`)
  }
  // Only one member may send on each stream of gbp/1: the others have nothing to give signs of life with.
  const isSilent = textOf(values, "profile") === "gbp/1"
  return { name, idleMs: isSilent ? 0 : Math.ceil(seconds * MS_PER_SECOND) }
}

/** How often a node says that it is there, so that the others neither take it for silent nor the coordinator for gone. */
export function signOfLifeMs({ idleMs }: TransportChoice): number {
  return idleMs === 0 ? SIGN_OF_LIFE_MS : Math.min(SIGN_OF_LIFE_MS, idleMs / SIGNS_PER_SILENCE)
}

/** @param memberId - unless `--member` says another. @throws UsageError */
export function sessionOptionsOf(
  values: Readonly<Record<string, unknown>>,
  { name, memberId }: { readonly name: string; readonly memberId: number },
): SessionOptions {
  const risk = textOf(values, "acceptRisk")
  if (risk !== undefined && risk !== RISK)
    throw new UsageError(`${risk} is no risk that can be accepted.`, `Only ${RISK} is.`)
  const chosen = textOf(values, "member")
  const id = chosen === undefined ? memberId : Number(chosen)
  if (!Number.isInteger(id) || id < 0 || id >= MEMBER_ID_END || chosen?.trim() === "") {
    throw new UsageError(`${chosen} is not a member id.`, `It is a number from 0 to ${MEMBER_ID_END - 1}.`)
  }
  return {
    name: textOf(values, "name") ?? name,
    memberId: id,
    profile: textOf(values, "profile") === "gbp/1" ? "gbp/1" : "gbp/2",
    ...(risk === undefined ? {} : { acceptedRisk: NONCE_REUSE_RISK }),
  }
}

/** A member id for somebody who did not choose one. Two who meet on the same one are told; 1 is the founder's. */
export function anyMemberId(): number {
  return randomInt(2, MEMBER_ID_END)
}
