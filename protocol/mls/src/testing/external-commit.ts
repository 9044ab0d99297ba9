import { toUtf8 } from "@qpc/wire"
import { signContent } from "../authenticated-content.ts"
import { createPath } from "../create-path.ts"
import { frameContent } from "../framed-content.ts"
import { externalPublicKey } from "../key-schedule.ts"
import { encodeMlsMessage } from "../mls-message.ts"
import { openNextEpoch, provisionalContext } from "../next-epoch.ts"
import type { Proposal } from "../proposal.ts"
import { TreePrivateState } from "../tree-private-state.ts"
import type { Party } from "./party.ts"

const NO_DATA = new Uint8Array(0)

/**
 * A commit by which somebody outside adds themselves (RFC 9420 §12.4.3.2), and the authenticator of the epoch that it
 * leads to as they see it. For tests only: what the newcomer would learn from a GroupInfo it takes from alice.
 */
export function externalCommit(
  party: Party,
  name: string,
  changes: { readonly more?: readonly Proposal[]; readonly signer?: string } = {},
): { readonly commit: Uint8Array; readonly epochAuthenticator: Uint8Array } {
  const { suite, random } = party
  const { epoch } = party.insidesOf("alice")
  const seed = random(suite.sizes.kemSeedBytes)
  const externalKey = externalPublicKey(suite, epoch.secrets.externalSecret)
  const label = toUtf8("MLS 1.0 external init secret")
  const init = suite.hpkeSendExport(externalKey, NO_DATA, label, suite.sizes.hashBytes, seed)
  if (init === undefined) throw new Error("the external key is not usable")

  const tree = epoch.tree.fork()
  for (const proposal of changes.more ?? []) if (proposal.kind === "remove") tree.removeLeaf(proposal.removed)
  const keys = new TreePrivateState(tree.reserveLeaf(), new Uint8Array(0))
  const { leafNode } = party.keyPackage(name).decoded
  const { signatureKey, credential, capabilities, extensions } = leafNode
  const path = createPath({
    tree,
    keys,
    groupId: epoch.context.groupId,
    leaf: { signatureKey, credential, capabilities, extensions },
    signaturePrivateKey: party.keysOf(name).privateKey,
    added: new Set(),
    groupContext: (treeHash) => provisionalContext(epoch.context, treeHash, epoch.context.extensions),
    random,
  })
  const proposals = [{ kind: "external_init", kemOutput: init.kemOutput } as const, ...(changes.more ?? [])]
  const items = proposals.map((proposal) => ({ kind: "proposal", proposal }) as const)
  const { groupId, epoch: epochNumber } = epoch.context
  const header = {
    groupId,
    epoch: epochNumber,
    sender: { kind: "new_member_commit" },
    authenticatedData: NO_DATA,
  } as const
  const content = frameContent(header, { kind: "commit", commit: { proposals: items, path: path.updatePath } })
  const { privateKey } = party.keysOf(changes.signer ?? name)
  const signature = signContent(suite, privateKey, "public_message", content, epoch.context.encoded)
  const opened = openNextEpoch({
    suite,
    previous: epoch,
    tree,
    keys,
    extensions: epoch.context.extensions,
    initSecret: init.secret,
    commitSecret: path.commitSecret,
    psks: [],
    commit: { wireFormat: "public_message", content, signature },
  })
  const auth = { signature, confirmationTag: opened.epoch.confirmationTag }
  const commit = encodeMlsMessage({ kind: "public_message", message: { content, auth, membershipTag: undefined } })
  return { commit, epochAuthenticator: opened.epoch.secrets.epochAuthenticator }
}
