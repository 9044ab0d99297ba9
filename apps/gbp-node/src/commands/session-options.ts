import { randomInt } from "node:crypto"
import { NONCE_REUSE_RISK } from "gbp-stack"
import { textOf } from "../command.ts"
import type { Command } from "../command.ts"
import type { SessionOptions } from "../session/group-session.ts"
import type { TransportName } from "../session/transports.ts"
import { UsageError } from "../usage-error.ts"

const MEMBER_ID_END = 1_000_000
const RISK = "nonce-reuse"

/** What `listen` and `connect` have in common. */
export const SESSION_OPTIONS: Command["options"] = [
  { flags: "--transport <name>", description: "what carries the frames", choices: ["tcp", "quic"] },
  { flags: "--name <name>", description: "who you say you are; nobody checks it" },
  { flags: "--member <id>", description: "your member id, below 1000000 and nobody else's" },
  { flags: "--profile <name>", description: "gbp/1 is for the published stack only", choices: ["gbp/2", "gbp/1"] },
  {
    flags: "--accept-risk <risk>",
    description: "nonce-reuse: lets several members send in gbp/1, where that breaks the seal",
  },
]

/** @throws UsageError */
export function transportOf(values: Readonly<Record<string, unknown>>): TransportName {
  return textOf(values, "transport") === "quic" ? "quic" : "tcp"
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
