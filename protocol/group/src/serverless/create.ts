import type { CreateMemberOptions, JoinMemberOptions, JoinRejection } from "../create.ts"
import { enterState, foundState } from "../create.ts"
import type { GroupEvent } from "../event.ts"
import { ServerlessMember } from "./serverless-member.ts"
import { resolveServerlessLimits } from "./serverless-limits.ts"
import type { ServerlessLimits } from "./serverless-limits.ts"
import { newServerlessState } from "./serverless-state.ts"

/** What {@link createServerlessMember} needs. */
export interface CreateServerlessOptions extends Omit<CreateMemberOptions, "limits"> {
  readonly limits?: ServerlessLimits
}

/** What {@link joinServerlessMember} needs. */
export interface JoinServerlessOptions extends Omit<JoinMemberOptions, "limits"> {
  readonly limits?: ServerlessLimits
}

/** What came of a Welcome. */
export type JoinedServerless =
  | {
      readonly kind: "joined"
      readonly member: ServerlessMember
      /** Forget this key package, unless it is a last-resort one. */
      readonly usedKeyPackageRef: Uint8Array
      readonly isLastResort: boolean
      readonly events: readonly GroupEvent[]
    }
  | { readonly kind: "rejected"; readonly reason: JoinRejection }

/**
 * Starts a group of one that needs no delivery service.
 *
 * @throws RangeError for a name or group id of a wrong length, for roles that are none, or limits that contradict each other
 */
export function createServerlessMember(options: CreateServerlessOptions): ServerlessMember {
  const limits = resolveServerlessLimits(options.limits)
  const first = { ...foundState({ ...options, limits: limits.group }), suiteChange: undefined }
  const { device: signatureKeys, nowMs } = options
  return new ServerlessMember(newServerlessState({ first, signatureKeys, limits, nowMs }))
}

/**
 * Enters the group of a Welcome. Total for foreign bytes. Whoever was invited on a branch that is given up needs a new invitation,
 * to another key package; the member that this one returns is then replaced by another.
 */
export function joinServerlessMember(options: JoinServerlessOptions): JoinedServerless {
  const limits = resolveServerlessLimits(options.limits)
  const entered = enterState({ ...options, limits: limits.group })
  if (entered.kind === "rejected") return entered
  const { bundle, by } = entered
  const first = { ...entered.state, suiteChange: undefined }
  // Nobody changes the suite here: who goes first, nobody could say.
  if (first.profile.settings === undefined || first.keys.epochsBefore > 0n) {
    first.group[Symbol.dispose]()
    return { kind: "rejected", reason: "not_a_qpc_group" }
  }
  const { epoch } = first.group
  const { device: signatureKeys, nowMs } = options
  return {
    kind: "joined",
    member: new ServerlessMember(newServerlessState({ first, signatureKeys, limits, nowMs })),
    usedKeyPackageRef: bundle.ref,
    isLastResort: bundle.isLastResort,
    events: [
      { kind: "joined", epoch, by },
      { kind: "epoch_changed", epoch, authenticator: first.group.epochAuthenticator() },
    ],
  }
}
