import { nodeRandom } from "@qpc/crypto/node"
import { cipherSuiteOf, inspectGroupInfo, proposeExternally, proposeOwnAdd, writeExternalSender } from "@qpc/mls"
import type { InspectedGroup } from "@qpc/mls"
import type { CipherSuite } from "@qpc/crypto"
import { encode } from "@qpc/wire"
import { RefusedError } from "./calls.ts"
import type { MlsStack } from "./calls.ts"
import { wantedBy } from "./our-proposals.ts"
import { credentialOf, newSignatureKeys, newTransaction, NO_BYTES, presentBytes, suiteOf } from "./our-state.ts"
import type { OurMemory } from "./our-state.ts"

/** Calls by which those who are not in a group propose (RFC 9420 §12.1.8). */
export function outsiderCalls(
  memory: OurMemory,
): Pick<MlsStack, "newMemberAddProposal" | "createExternalSigner" | "externalSignerProposal"> {
  return {
    newMemberAddProposal({ groupInfo, identity }) {
      const suite = suiteOf(cipherSuiteOf(groupInfo))
      const { groupId, epoch } = inspect(suite, groupInfo, NO_BYTES)
      const transaction = newTransaction(suite, identity)
      const { bundle, signatureKeys } = transaction
      const address = { suite, groupId, epoch, authenticatedData: NO_BYTES, nowMs: Date.now() }
      return {
        transactionId: memory.add("transaction", transaction),
        proposal: proposeOwnAdd(bundle, { ...address, signatureKeys }),
        initPriv: bundle.privateKeys?.initPrivateKey ?? NO_BYTES,
        encryptionPriv: bundle.privateKeys?.encryptionPrivateKey ?? NO_BYTES,
        signaturePriv: signatureKeys.privateKey,
      }
    },
    createExternalSigner({ cipherSuite, identity }) {
      const suite = suiteOf(cipherSuite)
      const signatureKeys = newSignatureKeys(suite)
      const sender = { signatureKey: signatureKeys.publicKey, credential: credentialOf(identity) }
      const externalSender = encode((writer) => writeExternalSender(writer, sender))
      return { signerId: memory.add("signer", { suite, signatureKeys }), externalSender }
    },
    externalSignerProposal({ signerId, signerIndex, groupInfo, ratchetTree, description }) {
      const { suite, signatureKeys } = memory.get("signer", signerId)
      const { groupId, epoch, members } = inspect(suite, groupInfo, ratchetTree)
      const proposal = proposeExternally(wantedBy(description, groupId, members), {
        suite,
        groupId,
        epoch,
        authenticatedData: NO_BYTES,
        senderIndex: signerIndex,
        signatureKeys,
        random: nodeRandom,
        nowMs: Date.now(),
        leafLifetimeMs: Infinity,
      })
      return { proposal }
    },
  }
}

function inspect(suite: CipherSuite, groupInfo: Uint8Array, tree: Uint8Array): InspectedGroup {
  const ratchetTree = presentBytes(tree)
  const inspected = inspectGroupInfo({ suite, groupInfo, ...(ratchetTree && { ratchetTree }) })
  if (inspected.kind === "rejected") throw new RefusedError(`group info: ${inspected.reason}`)
  return inspected.group
}
