import { randomBytes } from "node:crypto"
import type { Calls } from "./calls.ts"
import type { Step } from "./script.ts"
import { assertAgreed, extensionsOf } from "./troupe.ts"
import type { Troupe } from "./troupe.ts"

/** A group ends and another takes its place. */
export async function reinit(troupe: Troupe, step: Step): Promise<undefined> {
  const committer = step.committer!
  const proposal = await reinitProposal(troupe, step)
  const others = [...new Set([step.proposer, step.welcomer!, ...(step.members ?? [])])].filter(
    (name): name is string => name !== undefined && name !== committer,
  )
  const stateId = troupe.state(committer)
  const request = { stateId, byReference: [proposal], byValue: [], forcePath: false, externalTree: false }
  const { commit } = await troupe.ask(committer, "reInitCommit", request)
  const own = await troupe.ask(committer, "handlePendingReInitCommit", { stateId })
  const reinits = new Map([[committer, own]])
  for (const name of others) {
    const ended = await troupe.ask(name, "handleReInitCommit", {
      stateId: troupe.state(name),
      proposal: [proposal],
      commit,
    })
    assertAgreed(name, ended.epochAuthenticator, own.epochAuthenticator)
    reinits.set(name, ended)
  }
  await welcomeToNext(troupe, step, reinits)
}

async function reinitProposal(troupe: Troupe, step: Step): Promise<Uint8Array> {
  if (step.externalreinitproposal !== undefined) return troupe.result(step.externalreinitproposal, "proposal")
  const { proposal } = await troupe.ask(step.proposer!, "reInitProposal", {
    stateId: troupe.state(step.proposer!),
    ...troupe.nextGroup(step),
    extensions: extensionsOf(step.extensions),
  })
  return proposal
}

async function welcomeToNext(
  troupe: Troupe,
  step: Step,
  reinits: ReadonlyMap<string, Calls["handleReInitCommit"][1]>,
): Promise<void> {
  const welcomer = step.welcomer!
  const invited = [...reinits].filter(([name]) => name !== welcomer)
  const made = await troupe.ask(welcomer, "reInitWelcome", {
    reinitId: reinits.get(welcomer)!.reinitId,
    keyPackage: invited.map(([, { keyPackage }]) => keyPackage),
    forcePath: step.forcepath ?? false,
    externalTree: step.externaltree ?? false,
  })
  troupe.states.set(welcomer, made.stateId)
  const { welcome, ratchetTree } = made
  for (const [name, { reinitId }] of invited) {
    const joined = await troupe.ask(name, "handleReInitWelcome", { reinitId, welcome, ratchetTree })
    troupe.states.set(name, joined.stateId)
    assertAgreed(name, joined.epochAuthenticator, made.epochAuthenticator)
  }
  await troupe.agree([welcomer, ...invited.map(([name]) => name)])
}

/** Some members make a group of their own. */
export async function branch(troupe: Troupe, step: Step): Promise<undefined> {
  const { actor, members = [] } = step
  const keyPackages: Uint8Array[] = []
  for (const member of members) keyPackages.push(await troupe.createKeyPackage(member))
  const made = await troupe.ask(actor!, "createBranch", {
    stateId: troupe.state(actor!),
    groupId: new Uint8Array(randomBytes(16)),
    extensions: extensionsOf(step.extensions),
    keyPackages,
    forcePath: step.forcepath ?? false,
    externalTree: step.externaltree ?? false,
  })
  const { welcome, ratchetTree } = made
  for (const member of members) {
    const joined = await troupe.ask(member, "handleBranch", {
      stateId: troupe.state(member),
      transactionId: troupe.transaction(member),
      welcome,
      ratchetTree,
    })
    troupe.states.set(member, joined.stateId)
    assertAgreed(member, joined.epochAuthenticator, made.epochAuthenticator)
  }
  troupe.states.set(actor!, made.stateId)
  await troupe.agree([actor!, ...members])
}
