import { randomBytes } from "node:crypto"
import { equalBytes, toUtf8 } from "@qpc/wire"
import type { ProposalDescription } from "./calls.ts"
import { addExternalSigner, externalJoin, externalProposal, newMemberAdd } from "./play-outsiders.ts"
import { branch, reinit } from "./play-subgroups.ts"
import { propose } from "./propose.ts"
import type { Script, Step } from "./script.ts"
import { DisagreementError, EMPTY_DESCRIPTION, extensionsOf, Troupe } from "./troupe.ts"
import type { Cast, Result } from "./troupe.ts"

/** Plays one story to its end. @throws what a stack answered, or DisagreementError */
export async function play(script: Script, cast: Cast): Promise<void> {
  const troupe = new Troupe(cast)
  try {
    for (const [at, step] of script.steps.entries()) {
      try {
        troupe.results.push((await perform(troupe, step)) ?? {})
      } catch (error) {
        if (error instanceof Error) error.message = `step ${at} (${step.action}): ${error.message}`
        throw error
      }
    }
  } finally {
    await troupe.free()
  }
}

async function perform(troupe: Troupe, step: Step): Promise<Result | undefined> {
  switch (step.action) {
    case "createGroup":
      return await createGroup(troupe, step)
    case "createKeyPackage":
      return { keyPackage: await troupe.createKeyPackage(step.actor!) }
    case "addProposal":
      return await propose(troupe, step, "addProposal", { keyPackage: troupe.result(step.keypackage, "keyPackage") })
    case "updateProposal":
      return await propose(troupe, step, "updateProposal", {})
    case "removeProposal":
      return await propose(troupe, step, "removeProposal", { removedId: toUtf8(step.removed!) })
    case "externalPSKProposal":
      return await propose(troupe, step, "externalPskProposal", { pskId: troupe.result(step.pskid, "pskId") })
    case "resumptionPSKProposal":
      return await propose(troupe, step, "resumptionPskProposal", { epochId: BigInt(step.epochid!) })
    case "groupContextExtensionsProposal":
      return await propose(troupe, step, "groupContextExtensionsProposal", {
        extensions: extensionsOf(step.extensions),
      })
    case "fullCommit":
      return await fullCommit(troupe, step)
    case "installExternalPSK":
      return await installPsk(troupe, step)
    case "protect":
      return await protect(troupe, step)
    case "unprotect":
      return await unprotect(troupe, step)
    case "externalJoin":
      return await externalJoin(troupe, step)
    case "newMemberAddProposal":
      return await newMemberAdd(troupe, step)
    case "addExternalSigner":
      return await addExternalSigner(troupe, step)
    case "externalSignerProposal":
      return await externalProposal(troupe, step)
    case "reinit":
      return await reinit(troupe, step)
    case "branch":
      return await branch(troupe, step)
    default:
      throw new RangeError("no such action")
  }
}

async function createGroup(troupe: Troupe, { actor, members = [] }: Step): Promise<undefined> {
  const { cipherSuite, encryptHandshake } = troupe.cast
  const request = { groupId: troupe.groupId, cipherSuite, encryptHandshake, identity: toUtf8(actor!) }
  const { stateId } = await troupe.ask(actor!, "createGroup", request)
  troupe.states.set(actor!, stateId)
  if (members.length === 0) return
  const byValue: ProposalDescription[] = []
  for (const member of members) {
    const keyPackage = await troupe.createKeyPackage(member)
    byValue.push({ ...EMPTY_DESCRIPTION, proposalType: toUtf8("add"), keyPackage })
  }
  await troupe.commit(actor!, { byReference: [], byValue, forcePath: false, externalTree: false }, [], members)
}

async function fullCommit(troupe: Troupe, step: Step): Promise<undefined> {
  const { actor, members = [], joiners = [], byreference = [], byvalue = [] } = step
  const request = {
    byReference: byreference.map((at) => troupe.result(at, "proposal")),
    byValue: byvalue.map((proposal) => troupe.describe(proposal)),
    forcePath: step.forcepath ?? false,
    externalTree: step.externaltree ?? false,
  }
  await troupe.commit(actor!, request, members, joiners)
}

async function installPsk(troupe: Troupe, { clients = [] }: Step): Promise<Result> {
  const [pskId, pskSecret] = [new Uint8Array(randomBytes(16)), new Uint8Array(randomBytes(32))]
  for (const client of clients) {
    const stateOrTransactionId = troupe.states.get(client) ?? troupe.transaction(client)
    await troupe.ask(client, "storePsk", { stateOrTransactionId, pskId, pskSecret })
  }
  return { pskId, pskSecret }
}

async function protect(troupe: Troupe, { actor, authenticateddata = "", plaintext = "" }: Step): Promise<Result> {
  const { ciphertext } = await troupe.ask(actor!, "protect", {
    stateId: troupe.state(actor!),
    authenticatedData: toUtf8(authenticateddata),
    plaintext: toUtf8(plaintext),
  })
  return { ciphertext, authenticatedData: authenticateddata, plaintext }
}

async function unprotect(troupe: Troupe, { actor, ciphertext }: Step): Promise<undefined> {
  const sent = troupe.results[ciphertext!]
  const opened = await troupe.ask(actor!, "unprotect", {
    stateId: troupe.state(actor!),
    ciphertext: troupe.result(ciphertext, "ciphertext"),
  })
  const isSame =
    equalBytes(opened.plaintext, toUtf8(sent?.plaintext ?? "")) &&
    equalBytes(opened.authenticatedData, toUtf8(sent?.authenticatedData ?? ""))
  if (!isSame) throw new DisagreementError(`${actor} reads something else than was sent`)
}
