import { toUtf8 } from "@qpc/wire"
import { propose } from "./propose.ts"
import type { Step } from "./script.ts"
import type { Result, Troupe } from "./troupe.ts"

/** Somebody joins by an external commit, and those in the group follow. */
export async function externalJoin(troupe: Troupe, step: Step): Promise<undefined> {
  const { actor, joiner, members = [], psks = [] } = step
  const stateId = troupe.state(actor!)
  const group = await troupe.ask(actor!, "groupInfo", { stateId, externalTree: step.externaltree ?? false })
  const joined = await troupe.ask(joiner!, "externalJoin", {
    ...group,
    encryptHandshake: troupe.cast.encryptHandshake,
    identity: toUtf8(joiner!),
    removePrior: step.removeprior ?? false,
    psks: psks.map((at) => ({ pskId: troupe.result(at, "pskId"), pskSecret: troupe.result(at, "pskSecret") })),
  })
  const old = troupe.states.get(joiner!)
  if (old !== undefined) await troupe.ask(joiner!, "free", { stateId: old })
  troupe.states.set(joiner!, joined.stateId)
  await troupe.follow([actor!, ...members], [], joined.commit, joined.epochAuthenticator)
  await troupe.agree([joiner!, actor!, ...members])
}

/** Somebody asks to be added. */
export async function newMemberAdd(troupe: Troupe, { actor, joiner }: Step): Promise<Result> {
  const { groupInfo } = await troupe.ask(actor!, "groupInfo", { stateId: troupe.state(actor!), externalTree: false })
  const asked = await troupe.ask(joiner!, "newMemberAddProposal", { groupInfo, identity: toUtf8(joiner!) })
  troupe.transactions.set(joiner!, asked.transactionId)
  return { proposal: asked.proposal }
}

/** The group is told about an external sender. */
export async function addExternalSigner(troupe: Troupe, step: Step): Promise<Result> {
  const { cipherSuite } = troupe.cast
  const signer = step.signer!
  const made = await troupe.ask(signer, "createExternalSigner", { cipherSuite, identity: toUtf8(signer) })
  troupe.signers.set(signer, { signerId: made.signerId, index: troupe.signers.size })
  return await propose(troupe, step, "addExternalSigner", { externalSender: made.externalSender })
}

/** An external sender proposes. */
export async function externalProposal(troupe: Troupe, { actor, member, description }: Step): Promise<Result> {
  const signer = troupe.signers.get(actor!)
  if (signer === undefined) throw new RangeError(`${actor} is no external signer`)
  const group = await troupe.ask(member!, "groupInfo", { stateId: troupe.state(member!), externalTree: false })
  const described = troupe.describe(description!)
  const { proposal } = await troupe.ask(actor!, "externalSignerProposal", {
    signerId: signer.signerId,
    signerIndex: signer.index,
    ...group,
    description: described,
  })
  return { proposal, reinit: { groupId: described.groupId, cipherSuite: described.cipherSuite } }
}
