import { encode, equalBytes, toHex } from "@qpc/wire"
import { credentialBytes } from "./credential.ts"
import type { Credential } from "./credential.ts"
import { writeExtensions } from "./extension.ts"
import type { Extension } from "./extension.ts"
import type { GroupContext } from "./group-context.ts"
import { findPsks } from "./group-state.ts"
import type { GroupState } from "./group-state.ts"
import { stagedEpoch } from "./merge.ts"
import { MLS_10 } from "./protocol-version.ts"
import type { PreSharedKeyId } from "./psk-id.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import type { StagedCommit } from "./staged-commit.ts"

/** How a group follows from another: in its place (RFC 9420 §11.2), or beside it for some members (RFC 9420 §11.3). */
export type Descent = "reinit" | "branch"

/**
 * Why a group does not descend from the one it should (RFC 9420 §11.2, §11.3, §12.4.3.1).
 *
 * - `parent_group_missing`: it descends from another group, and the caller did not say from which.
 * - `parent_group_unnamed`: the Welcome has no PSK of the group that it was expected to descend from.
 * - `parent_psk_repeated`: more than one such PSK (§12.4.3.1).
 * - `parent_group_mismatch`: the PSK is of another group, or of an epoch that it may not be of.
 * - `parent_not_replaced`: a ReInit of the old group was never committed.
 * - `successor_epoch`: the Welcome is not of epoch 1.
 * - `successor_parameters`: id, version, suite or extensions are not those that the ReInit named; of a branch, version and
 *   suite are not those of the old group.
 * - `successor_adds_stranger`: a member who is not in the old group.
 * - `successor_lacks_member`: after a ReInit, somebody of the old group was left out.
 */
export type DescentReason =
  | "parent_group_missing"
  | "parent_group_unnamed"
  | "parent_psk_repeated"
  | "parent_group_mismatch"
  | "parent_not_replaced"
  | "successor_epoch"
  | "successor_parameters"
  | "successor_adds_stranger"
  | "successor_lacks_member"

/** Who a credential names, for comparing members of two groups: equal for equal people only. */
export type IdentityOf = (credential: Credential) => string

/** People are the same if their credentials are, byte by byte. */
export const sameCredential: IdentityOf = (credential) => toHex(credentialBytes(credential))

/** The group that another one descends from, as its member knows it. */
export interface ParentGroup {
  readonly state: Pick<GroupState, "phase" | "reinit" | "epoch" | "resumptionPsks">
  readonly identityOf: IdentityOf
}

/**
 * A group as the one that another descends from: as it is now, or as it will be once `staged` is merged. After a removal nothing is
 * left that could prove where a group comes from.
 *
 * @throws TypeError after a removal, and unless `staged` was staged in the group's present epoch and neither merged nor cleared
 */
export function parentOf(
  state: GroupState,
  { identityOf = sameCredential, staged }: { readonly identityOf?: IdentityOf; readonly staged?: StagedCommit },
): ParentGroup {
  if (state.phase === "removed") throw new TypeError("the group is over for us: removed")
  if (staged === undefined) return { state, identityOf }
  const { reinit } = staged.report
  const [phase, epoch] = [reinit === undefined ? state.phase : "replaced", stagedEpoch(state, staged)] as const
  return { state: { phase, reinit, epoch, resumptionPsks: state.resumptionPsks }, identityOf }
}

/** True for a PSK that ties a group to the one it descends from (RFC 9420 §8.4). */
function isOfParent(
  id: PreSharedKeyId,
): id is Extract<PreSharedKeyId, { kind: "resumption" }> & { readonly usage: Descent } {
  return id.kind === "resumption" && id.usage !== "application"
}

/** The PSK of a Welcome that ties it to `parent`, or why there is not exactly one that does (RFC 9420 §12.4.3.1). */
export function pskOfParent(
  ids: readonly PreSharedKeyId[],
  parent: ParentGroup | undefined,
): { readonly id: PreSharedKeyId; readonly usage: Descent; readonly secret: Uint8Array } | DescentReason | undefined {
  const [id, ...others] = ids.filter(isOfParent)
  if (id === undefined) return parent === undefined ? undefined : "parent_group_unnamed"
  if (parent === undefined) return "parent_group_missing"
  if (others.length > 0) return "parent_psk_repeated"
  const { state } = parent
  if (!equalBytes(id.pskGroupId, state.epoch.context.groupId)) return "parent_group_mismatch"
  if (id.usage === "reinit") {
    if (state.phase !== "replaced") return "parent_not_replaced"
    if (id.pskEpoch !== state.epoch.context.epoch) return "parent_group_mismatch"
  }
  const secret = findPsks(state, [id], undefined)?.[0]?.secret
  if (secret === undefined) return "parent_group_mismatch"
  return { id, usage: id.usage, secret }
}

/** Checks a new group against the one it descends from (RFC 9420 §11.2, §11.3); `undefined` if it may. */
export function checkDescent(
  parent: ParentGroup,
  usage: Descent,
  context: GroupContext,
  tree: RatchetTree,
): DescentReason | undefined {
  if (context.epoch !== 1n) return "successor_epoch"
  const { state, identityOf } = parent
  if (!(usage === "branch" ? isOfSameSuite(state, context) : isAsReInitSays(state, context))) {
    return "successor_parameters"
  }
  const before = new Set(Array.from(state.epoch.tree.members(), ({ leafNode }) => identityOf(leafNode.credential)))
  const after = new Set(Array.from(tree.members(), ({ leafNode }) => identityOf(leafNode.credential)))
  if ([...after].some((identity) => !before.has(identity))) return "successor_adds_stranger"
  if (usage === "branch") return undefined
  return [...before].some((identity) => !after.has(identity)) ? "successor_lacks_member" : undefined
}

function isOfSameSuite({ epoch }: ParentGroup["state"], { cipherSuite }: GroupContext): boolean {
  return cipherSuite === epoch.context.cipherSuite
}

function isAsReInitSays({ reinit }: ParentGroup["state"], context: GroupContext): boolean {
  return (
    reinit !== undefined &&
    reinit.version === MLS_10 &&
    reinit.cipherSuite === context.cipherSuite &&
    equalBytes(reinit.groupId, context.groupId) &&
    equalBytes(extensionsBytes(reinit.extensions), extensionsBytes(context.extensions))
  )
}

function extensionsBytes(extensions: readonly Extension[]): Uint8Array {
  return encode((writer) => writeExtensions(writer, extensions))
}
