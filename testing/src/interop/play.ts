import { randomBytes } from "node:crypto"
import { equalBytes, toHex, toUtf8 } from "@qpc/wire"
import type { Calls, ExtensionMessage, MlsStack, ProposalDescription } from "./calls.ts"
import type { ExtensionInScript, ProposalInScript, Script, Step } from "./script.ts"

/** How a story is played. */
export interface Cast {
  /** Who plays each actor. */
  readonly stackOf: (actor: string) => MlsStack
  readonly cipherSuite: number
  /** Another suite that everybody has, for stories that change it. */
  readonly otherCipherSuite: number
  readonly encryptHandshake: boolean
}

/** A step whose outcome is not what the story says. */
export class DisagreementError extends Error {
  override readonly name = "DisagreementError"
}

/** What earlier steps left behind, by their number. */
interface Result {
  readonly keyPackage?: Uint8Array
  readonly proposal?: Uint8Array
  readonly ciphertext?: Uint8Array
  readonly authenticatedData?: string
  readonly plaintext?: string
  readonly pskId?: Uint8Array
  readonly pskSecret?: Uint8Array
  readonly reinit?: { readonly groupId: Uint8Array; readonly cipherSuite: number }
}

const NO_BYTES = new Uint8Array(0)
const EXPORT = { label: "interop", context: toUtf8("after each epoch"), keyLength: 32 }

/** Plays one story to its end. @throws what a stack answered, or DisagreementError */
export async function play(script: Script, cast: Cast): Promise<void> {
  const performance = new Performance(cast)
  try {
    for (const [at, step] of script.steps.entries()) {
      try {
        await performance.act(at, step)
      } catch (error) {
        if (error instanceof Error) error.message = `step ${at} (${step.action}): ${error.message}`
        throw error
      }
    }
  } finally {
    await performance.free()
  }
}

/** The state of a story: who is where, and what was said. */
class Performance {
  readonly #cast: Cast
  readonly #groupId = new Uint8Array(randomBytes(16))
  readonly #states = new Map<string, number>()
  readonly #transactions = new Map<string, number>()
  readonly #signers = new Map<string, { readonly signerId: number; readonly index: number }>()
  readonly #results: Result[] = []

  constructor(cast: Cast) {
    this.#cast = cast
  }

  async act(at: number, step: Step): Promise<void> {
    this.#results[at] = (await this.#perform(step)) ?? {}
  }

  async free(): Promise<void> {
    for (const [actor, stateId] of this.#states) await this.#ask(actor, "free", { stateId })
  }

  async #perform(step: Step): Promise<Result | undefined> {
    switch (step.action) {
      case "createGroup":
        return await this.#createGroup(step)
      case "createKeyPackage":
        return { keyPackage: await this.#createKeyPackage(step.actor!) }
      case "addProposal":
        return await this.#propose(step, "addProposal", { keyPackage: this.#result(step.keypackage, "keyPackage") })
      case "updateProposal":
        return await this.#propose(step, "updateProposal", {})
      case "removeProposal":
        return await this.#propose(step, "removeProposal", { removedId: toUtf8(step.removed!) })
      case "externalPSKProposal":
        return await this.#propose(step, "externalPskProposal", { pskId: this.#result(step.pskid, "pskId") })
      case "resumptionPSKProposal":
        return await this.#propose(step, "resumptionPskProposal", { epochId: BigInt(step.epochid!) })
      case "groupContextExtensionsProposal":
        return await this.#propose(step, "groupContextExtensionsProposal", {
          extensions: extensionsOf(step.extensions),
        })
      case "fullCommit":
        return await this.#fullCommit(step)
      case "installExternalPSK":
        return await this.#installPsk(step)
      case "protect":
        return await this.#protect(step)
      case "unprotect":
        return await this.#unprotect(step)
      case "externalJoin":
        return await this.#externalJoin(step)
      case "newMemberAddProposal":
        return await this.#newMemberAdd(step)
      case "addExternalSigner":
        return await this.#addExternalSigner(step)
      case "externalSignerProposal":
        return await this.#externalProposal(step)
      case "reinit":
        return await this.#reinit(step)
      case "branch":
        return await this.#branch(step)
      default:
        throw new RangeError("no such action")
    }
  }

  async #createGroup({ actor, members = [] }: Step): Promise<undefined> {
    const { cipherSuite, encryptHandshake } = this.#cast
    const request = { groupId: this.#groupId, cipherSuite, encryptHandshake, identity: toUtf8(actor!) }
    const { stateId } = await this.#ask(actor!, "createGroup", request)
    this.#states.set(actor!, stateId)
    if (members.length === 0) return
    const byValue: ProposalDescription[] = []
    for (const member of members) {
      const keyPackage = await this.#createKeyPackage(member)
      byValue.push({ ...EMPTY_DESCRIPTION, proposalType: toUtf8("add"), keyPackage })
    }
    await this.#commit(actor!, { byReference: [], byValue, forcePath: false, externalTree: false }, [], members)
  }

  async #createKeyPackage(actor: string): Promise<Uint8Array> {
    const { cipherSuite } = this.#cast
    const made = await this.#ask(actor, "createKeyPackage", { cipherSuite, identity: toUtf8(actor) })
    this.#transactions.set(actor, made.transactionId)
    return made.keyPackage
  }

  async #propose<Name extends keyof Calls>(
    { actor }: Step,
    name: Name,
    request: Omit<Calls[Name][0], "stateId">,
  ): Promise<Result> {
    const full = { ...request, stateId: this.#state(actor!) } as unknown as Calls[Name][0]
    const { proposal } = (await this.#ask(actor!, name, full)) as { readonly proposal: Uint8Array }
    return { proposal }
  }

  async #fullCommit(step: Step): Promise<undefined> {
    const { actor, members = [], joiners = [], byreference = [], byvalue = [] } = step
    const request = {
      byReference: byreference.map((at) => this.#result(at, "proposal")),
      byValue: byvalue.map((proposal) => this.#describe(proposal)),
      forcePath: step.forcepath ?? false,
      externalTree: step.externaltree ?? false,
    }
    await this.#commit(actor!, request, members, joiners)
  }

  /** One commits, all follow, newcomers join; then everybody has to agree. */
  async #commit(
    actor: string,
    request: Omit<Calls["commit"][0], "stateId">,
    members: readonly string[],
    joiners: readonly string[],
  ): Promise<void> {
    const stateId = this.#state(actor)
    const { commit, welcome, ratchetTree } = await this.#ask(actor, "commit", { ...request, stateId })
    const own = await this.#ask(actor, "handlePendingCommit", { stateId })
    this.#states.set(actor, own.stateId)
    const expected = own.epochAuthenticator
    await this.#follow(members, request.byReference, commit, expected)
    await Promise.all(joiners.map(async (joiner) => await this.#join(joiner, welcome, ratchetTree, expected)))
    await this.#agree([actor, ...members, ...joiners])
  }

  async #follow(
    members: readonly string[],
    proposal: readonly Uint8Array[],
    commit: Uint8Array,
    expected: Uint8Array,
  ): Promise<void> {
    await Promise.all(
      members.map(async (member) => {
        const followed = await this.#ask(member, "handleCommit", { stateId: this.#state(member), proposal, commit })
        this.#states.set(member, followed.stateId)
        assertAgreed(member, followed.epochAuthenticator, expected)
      }),
    )
  }

  async #join(joiner: string, welcome: Uint8Array, ratchetTree: Uint8Array, expected: Uint8Array): Promise<void> {
    const { encryptHandshake } = this.#cast
    const transactionId = this.#transaction(joiner)
    const request = { transactionId, welcome, ratchetTree, encryptHandshake, identity: toUtf8(joiner) }
    const joined = await this.#ask(joiner, "joinGroup", request)
    this.#transactions.delete(joiner)
    this.#states.set(joiner, joined.stateId)
    assertAgreed(joiner, joined.epochAuthenticator, expected)
  }

  /** Beyond what the working group's runner asks: the same authenticator once more, and the same exported secret. */
  async #agree(actors: readonly string[]): Promise<void> {
    // A few stand for all: who follows the commit has already shown the authenticator.
    const some = actors.slice(0, 3)
    const views = await Promise.all(
      some.map(async (actor) => {
        const stateId = this.#state(actor)
        const { stateAuthSecret } = await this.#ask(actor, "stateAuth", { stateId })
        const { exportedSecret } = await this.#ask(actor, "export", { stateId, ...EXPORT })
        return toHex(stateAuthSecret) + toHex(exportedSecret)
      }),
    )
    if (new Set(views).size > 1) throw new DisagreementError(`${some.join(", ")} export different secrets`)
  }

  async #installPsk({ clients = [] }: Step): Promise<Result> {
    const [pskId, pskSecret] = [new Uint8Array(randomBytes(16)), new Uint8Array(randomBytes(32))]
    for (const client of clients) {
      const stateOrTransactionId = this.#states.get(client) ?? this.#transaction(client)
      await this.#ask(client, "storePsk", { stateOrTransactionId, pskId, pskSecret })
    }
    return { pskId, pskSecret }
  }

  async #protect({ actor, authenticateddata = "", plaintext = "" }: Step): Promise<Result> {
    const { ciphertext } = await this.#ask(actor!, "protect", {
      stateId: this.#state(actor!),
      authenticatedData: toUtf8(authenticateddata),
      plaintext: toUtf8(plaintext),
    })
    return { ciphertext, authenticatedData: authenticateddata, plaintext }
  }

  async #unprotect({ actor, ciphertext }: Step): Promise<undefined> {
    const sent = this.#results[ciphertext!]
    const opened = await this.#ask(actor!, "unprotect", {
      stateId: this.#state(actor!),
      ciphertext: this.#result(ciphertext, "ciphertext"),
    })
    const isSame =
      equalBytes(opened.plaintext, toUtf8(sent?.plaintext ?? "")) &&
      equalBytes(opened.authenticatedData, toUtf8(sent?.authenticatedData ?? ""))
    if (!isSame) throw new DisagreementError(`${actor} reads something else than was sent`)
  }

  async #externalJoin(step: Step): Promise<undefined> {
    const { actor, joiner, members = [], psks = [] } = step
    const stateId = this.#state(actor!)
    const group = await this.#ask(actor!, "groupInfo", { stateId, externalTree: step.externaltree ?? false })
    const joined = await this.#ask(joiner!, "externalJoin", {
      ...group,
      encryptHandshake: this.#cast.encryptHandshake,
      identity: toUtf8(joiner!),
      removePrior: step.removeprior ?? false,
      psks: psks.map((at) => ({ pskId: this.#result(at, "pskId"), pskSecret: this.#result(at, "pskSecret") })),
    })
    const old = this.#states.get(joiner!)
    if (old !== undefined) await this.#ask(joiner!, "free", { stateId: old })
    this.#states.set(joiner!, joined.stateId)
    await this.#follow([actor!, ...members], [], joined.commit, joined.epochAuthenticator)
    await this.#agree([joiner!, actor!, ...members])
  }

  async #newMemberAdd({ actor, joiner }: Step): Promise<Result> {
    const { groupInfo } = await this.#ask(actor!, "groupInfo", { stateId: this.#state(actor!), externalTree: false })
    const asked = await this.#ask(joiner!, "newMemberAddProposal", { groupInfo, identity: toUtf8(joiner!) })
    this.#transactions.set(joiner!, asked.transactionId)
    return { proposal: asked.proposal }
  }

  async #addExternalSigner(step: Step): Promise<Result> {
    const { cipherSuite } = this.#cast
    const signer = step.signer!
    const made = await this.#ask(signer, "createExternalSigner", { cipherSuite, identity: toUtf8(signer) })
    this.#signers.set(signer, { signerId: made.signerId, index: this.#signers.size })
    return await this.#propose(step, "addExternalSigner", { externalSender: made.externalSender })
  }

  async #externalProposal({ actor, member, description }: Step): Promise<Result> {
    const signer = this.#signers.get(actor!)
    if (signer === undefined) throw new RangeError(`${actor} is no external signer`)
    const group = await this.#ask(member!, "groupInfo", { stateId: this.#state(member!), externalTree: false })
    const described = this.#describe(description!)
    const { proposal } = await this.#ask(actor!, "externalSignerProposal", {
      signerId: signer.signerId,
      signerIndex: signer.index,
      ...group,
      description: described,
    })
    return { proposal, reinit: { groupId: described.groupId, cipherSuite: described.cipherSuite } }
  }

  async #reinit(step: Step): Promise<undefined> {
    const committer = step.committer!
    const proposal = await this.#reinitProposal(step)
    const others = [...new Set([step.proposer, step.welcomer!, ...(step.members ?? [])])].filter(
      (name): name is string => name !== undefined && name !== committer,
    )
    const stateId = this.#state(committer)
    const request = { stateId, byReference: [proposal], byValue: [], forcePath: false, externalTree: false }
    const { commit } = await this.#ask(committer, "reInitCommit", request)
    const own = await this.#ask(committer, "handlePendingReInitCommit", { stateId })
    const reinits = new Map([[committer, own]])
    for (const name of others) {
      const ended = await this.#ask(name, "handleReInitCommit", {
        stateId: this.#state(name),
        proposal: [proposal],
        commit,
      })
      assertAgreed(name, ended.epochAuthenticator, own.epochAuthenticator)
      reinits.set(name, ended)
    }
    await this.#welcomeToNext(step, reinits)
  }

  async #reinitProposal(step: Step): Promise<Uint8Array> {
    if (step.externalreinitproposal !== undefined) return this.#result(step.externalreinitproposal, "proposal")
    const { proposal } = await this.#ask(step.proposer!, "reInitProposal", {
      stateId: this.#state(step.proposer!),
      ...this.#nextGroup(step),
      extensions: extensionsOf(step.extensions),
    })
    return proposal
  }

  async #welcomeToNext(step: Step, reinits: ReadonlyMap<string, Calls["handleReInitCommit"][1]>): Promise<void> {
    const welcomer = step.welcomer!
    const invited = [...reinits].filter(([name]) => name !== welcomer)
    const made = await this.#ask(welcomer, "reInitWelcome", {
      reinitId: reinits.get(welcomer)!.reinitId,
      keyPackage: invited.map(([, { keyPackage }]) => keyPackage),
      forcePath: step.forcepath ?? false,
      externalTree: step.externaltree ?? false,
    })
    this.#states.set(welcomer, made.stateId)
    const { welcome, ratchetTree } = made
    for (const [name, { reinitId }] of invited) {
      const joined = await this.#ask(name, "handleReInitWelcome", { reinitId, welcome, ratchetTree })
      this.#states.set(name, joined.stateId)
      assertAgreed(name, joined.epochAuthenticator, made.epochAuthenticator)
    }
    await this.#agree([welcomer, ...invited.map(([name]) => name)])
  }

  async #branch(step: Step): Promise<undefined> {
    const { actor, members = [] } = step
    const keyPackages: Uint8Array[] = []
    for (const member of members) keyPackages.push(await this.#createKeyPackage(member))
    const made = await this.#ask(actor!, "createBranch", {
      stateId: this.#state(actor!),
      groupId: new Uint8Array(randomBytes(16)),
      extensions: extensionsOf(step.extensions),
      keyPackages,
      forcePath: step.forcepath ?? false,
      externalTree: step.externaltree ?? false,
    })
    const { welcome, ratchetTree } = made
    for (const member of members) {
      const joined = await this.#ask(member, "handleBranch", {
        stateId: this.#state(member),
        transactionId: this.#transaction(member),
        welcome,
        ratchetTree,
      })
      this.#states.set(member, joined.stateId)
      assertAgreed(member, joined.epochAuthenticator, made.epochAuthenticator)
    }
    this.#states.set(actor!, made.stateId)
    await this.#agree([actor!, ...members])
  }

  #describe(proposal: ProposalInScript): ProposalDescription {
    const { proposaltype, keypackage, removed, pskid, epochid, extensions } = proposal
    return {
      ...EMPTY_DESCRIPTION,
      proposalType: toUtf8(proposaltype),
      ...(keypackage !== undefined && { keyPackage: this.#result(keypackage, "keyPackage") }),
      ...(removed !== undefined && { removedId: toUtf8(removed) }),
      ...(pskid !== undefined && { pskId: this.#result(pskid, "pskId") }),
      ...(epochid !== undefined && { epochId: BigInt(epochid) }),
      extensions: extensionsOf(extensions),
      ...(proposaltype === "reinit" && this.#nextGroup(proposal)),
    }
  }

  #nextGroup(step: Pick<Step, "changegroupid" | "changeciphersuite">): { groupId: Uint8Array; cipherSuite: number } {
    const { cipherSuite, otherCipherSuite } = this.#cast
    return {
      groupId: step.changegroupid === true ? new Uint8Array(randomBytes(16)) : this.#groupId,
      cipherSuite: step.changeciphersuite === true ? otherCipherSuite : cipherSuite,
    }
  }

  async #ask<Name extends keyof Calls>(actor: string, name: Name, request: Calls[Name][0]): Promise<Calls[Name][1]> {
    try {
      const call = this.#cast.stackOf(actor)[name] as (request: Calls[Name][0]) => Promise<Calls[Name][1]>
      return await call(request)
    } catch (error) {
      if (error instanceof Error) error.message = `${actor}: ${error.message}`
      throw error
    }
  }

  #state(actor: string): number {
    const stateId = this.#states.get(actor)
    if (stateId === undefined) throw new RangeError(`${actor} is in no group`)
    return stateId
  }

  #transaction(actor: string): number {
    const transactionId = this.#transactions.get(actor)
    if (transactionId === undefined) throw new RangeError(`${actor} has no key package`)
    return transactionId
  }

  #result<Field extends keyof Result>(at: number | undefined, field: Field): NonNullable<Result[Field]> {
    const value = at === undefined ? undefined : this.#results[at]?.[field]
    if (value === undefined) throw new RangeError(`step ${at} has no ${field}`)
    return value as NonNullable<Result[Field]>
  }
}

const EMPTY_DESCRIPTION: ProposalDescription = {
  proposalType: NO_BYTES,
  keyPackage: NO_BYTES,
  removedId: NO_BYTES,
  pskId: NO_BYTES,
  epochId: 0n,
  extensions: [],
  groupId: NO_BYTES,
  cipherSuite: 0,
}

function extensionsOf(extensions: readonly ExtensionInScript[] = []): ExtensionMessage[] {
  return extensions.map(({ extensiontype, extensiondata }) => ({
    extensionType: extensiontype,
    extensionData: new Uint8Array(Buffer.from(extensiondata, "base64")),
  }))
}

function assertAgreed(actor: string, actual: Uint8Array, expected: Uint8Array): void {
  if (!equalBytes(actual, expected)) throw new DisagreementError(`${actor} is in another epoch than the others`)
}
