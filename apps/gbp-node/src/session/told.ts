import type { Signal } from "gbp-stack"
import type { Output } from "../output.ts"

/** Somebody in the group. The name is what they say: nobody checks it. */
export interface Person {
  readonly memberId: number | undefined
  readonly name: string | undefined
}

/** What a session tells the one who runs it. */
export type Told =
  | { readonly event: "text"; readonly from: Person; readonly text: string }
  /** `isAuthorized` is false for one about somebody else: there are no roles here that would permit it. */
  | { readonly event: "signal"; readonly from: Person; readonly signal: Signal; readonly isAuthorized: boolean }
  | { readonly event: "members"; readonly epoch: bigint; readonly members: readonly Person[]; readonly because: string }
  /** We were: this is the end of the session. */
  | { readonly event: "removed" }
  | { readonly event: "warning"; readonly reason: string }
  /** A connection was ended, and what was not sent on it by then is lost. `who` is absent for one who was not let in yet. */
  | {
      readonly event: "disconnected"
      readonly who: Person | undefined
      readonly address: string
      readonly reason: string
      readonly code: string | undefined
    }
  /** A frame, or what was in it, was not taken. */
  | { readonly event: "refused"; readonly reason: string; readonly code: string | undefined }

/** One line for a person, or one JSON object. */
export function tell(output: Output, told: Told): void {
  output.result({ ...told }, lineOf(told))
}

function lineOf(told: Told): string {
  switch (told.event) {
    case "text":
      return `${nameOf(told.from)}: ${told.text}`
    case "signal":
      return `${nameOf(told.from)} signals ${signalWords(told.signal)}${told.isAuthorized ? "" : " (nobody has said that they may)"}`
    case "members":
      return `${told.because}: epoch ${told.epoch}, ${told.members.map(nameOf).join(", ")}`
    case "removed":
      return "you were removed from the group"
    case "warning":
      return `warning: ${told.reason}`
    case "disconnected":
      return `${nameOf(told.who ?? NOBODY)} at ${told.address} was disconnected: ${withCode(told)}`
    case "refused":
      return `refused: ${withCode(told)}`
  }
}

const NOBODY: Person = { memberId: undefined, name: undefined }

function withCode({ reason, code }: { readonly reason: string; readonly code: string | undefined }): string {
  return code === undefined ? reason : `${reason} (${code})`
}

function nameOf({ memberId, name }: Person): string {
  return `${name ?? "somebody"} (${memberId ?? "?"})`
}

/** `mute, target 3`: the type and what it says. */
function signalWords({ type, ...said }: Signal): string {
  return [type, ...Object.entries(said).map(([key, value]) => `${key} ${String(value)}`)].join(", ")
}
