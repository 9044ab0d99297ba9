import { randomBytes } from "node:crypto"
import { equalBytes, toHex, toUtf8 } from "@qpc/wire"
import type { Calls, ExtensionMessage, MlsStack, ProposalDescription } from "./calls.ts"
import type { ExtensionInScript, ProposalInScript, Step } from "./script.ts"

/** How a story is played. */
export interface Cast {
  /** Who plays each actor. */
  readonly stackOf: (actor: string) => MlsStack
  readonly cipherSuite: number
  /** Another suite that everybody has, for stories that change it. */
  readonly otherCipherSuite: number
  readonly encryptHandshake: boolean
  /** True to hand trees to newcomers beside their Welcomes even where the story does not ask for it. */
  readonly treesBeside: boolean
}

/** A step whose outcome is not what the story says. */
export class DisagreementError extends Error {
  override readonly name = "DisagreementError"
}

/** What earlier steps left behind, by their number. */
export interface Result {
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

/** The state of a story: who is where, and what was said. */
export class Troupe {
  readonly cast: Cast
  readonly groupId: Uint8Array = new Uint8Array(randomBytes(16))
  readonly states: Map<string, number> = new Map()
  readonly transactions: Map<string, number> = new Map()
  readonly signers: Map<string, { readonly signerId: number; readonly index: number }> = new Map()
  readonly results: Result[] = []

  constructor(cast: Cast) {
    this.cast = cast
  }

  /** Lets the stacks forget what the story left with them. */
  async free(): Promise<void> {
    for (const [actor, stateId] of [...this.states, ...this.transactions]) await this.ask(actor, "free", { stateId })
  }

  async createKeyPackage(actor: string): Promise<Uint8Array> {
    const { cipherSuite } = this.cast
    const made = await this.ask(actor, "createKeyPackage", { cipherSuite, identity: toUtf8(actor) })
    this.transactions.set(actor, made.transactionId)
    return made.keyPackage
  }

  /** One commits, all follow, newcomers join; then everybody has to agree. */
  async commit(
    actor: string,
    request: Omit<Calls["commit"][0], "stateId">,
    members: readonly string[],
    joiners: readonly string[],
  ): Promise<void> {
    const stateId = this.state(actor)
    const externalTree = request.externalTree || this.cast.treesBeside
    const { commit, welcome, ratchetTree } = await this.ask(actor, "commit", { ...request, stateId, externalTree })
    const own = await this.ask(actor, "handlePendingCommit", { stateId })
    this.states.set(actor, own.stateId)
    const expected = own.epochAuthenticator
    await this.follow(members, request.byReference, commit, expected)
    await Promise.all(joiners.map(async (joiner) => await this.join(joiner, welcome, ratchetTree, expected)))
    await this.agree([actor, ...members, ...joiners])
  }

  async follow(
    members: readonly string[],
    proposal: readonly Uint8Array[],
    commit: Uint8Array,
    expected: Uint8Array,
  ): Promise<void> {
    await Promise.all(
      members.map(async (member) => {
        const followed = await this.ask(member, "handleCommit", { stateId: this.state(member), proposal, commit })
        this.states.set(member, followed.stateId)
        assertAgreed(member, followed.epochAuthenticator, expected)
      }),
    )
  }

  async join(joiner: string, welcome: Uint8Array, ratchetTree: Uint8Array, expected: Uint8Array): Promise<void> {
    const { encryptHandshake } = this.cast
    const transactionId = this.transaction(joiner)
    const request = { transactionId, welcome, ratchetTree, encryptHandshake, identity: toUtf8(joiner) }
    const joined = await this.ask(joiner, "joinGroup", request)
    this.transactions.delete(joiner)
    this.states.set(joiner, joined.stateId)
    assertAgreed(joiner, joined.epochAuthenticator, expected)
  }

  /** Beyond what the working group's runner asks: the same authenticator once more, and the same exported secret. */
  async agree(actors: readonly string[]): Promise<void> {
    // A few stand for all: who follows the commit has already shown the authenticator.
    const some = actors.slice(0, 3)
    const views = await Promise.all(
      some.map(async (actor) => {
        const stateId = this.state(actor)
        const { stateAuthSecret } = await this.ask(actor, "stateAuth", { stateId })
        const { exportedSecret } = await this.ask(actor, "export", { stateId, ...EXPORT })
        return { authenticator: stateAuthSecret, exported: toHex(exportedSecret) }
      }),
    )
    if (
      !views.every(
        (view) => agrees(view.authenticator, views[0]!.authenticator) && view.exported === views[0]!.exported,
      )
    )
      throw new DisagreementError(`${some.join(", ")} export different secrets`)
  }

  describe(proposal: ProposalInScript): ProposalDescription {
    const { proposaltype, keypackage, removed, pskid, epochid, extensions } = proposal
    return {
      ...EMPTY_DESCRIPTION,
      proposalType: toUtf8(proposaltype),
      ...(keypackage !== undefined && { keyPackage: this.result(keypackage, "keyPackage") }),
      ...(removed !== undefined && { removedId: toUtf8(removed) }),
      ...(pskid !== undefined && { pskId: this.result(pskid, "pskId") }),
      ...(epochid !== undefined && { epochId: BigInt(epochid) }),
      extensions: extensionsOf(extensions),
      ...(proposaltype === "reinit" && this.nextGroup(proposal)),
    }
  }

  nextGroup(step: Pick<Step, "changegroupid" | "changeciphersuite">): { groupId: Uint8Array; cipherSuite: number } {
    const { cipherSuite, otherCipherSuite } = this.cast
    return {
      groupId: step.changegroupid === true ? new Uint8Array(randomBytes(16)) : this.groupId,
      cipherSuite: step.changeciphersuite === true ? otherCipherSuite : cipherSuite,
    }
  }

  async ask<Name extends keyof Calls>(actor: string, name: Name, request: Calls[Name][0]): Promise<Calls[Name][1]> {
    try {
      const call = this.cast.stackOf(actor)[name] as (request: Calls[Name][0]) => Promise<Calls[Name][1]>
      return await call(request)
    } catch (error) {
      if (error instanceof Error) error.message = `${actor}: ${error.message}`
      throw error
    }
  }

  state(actor: string): number {
    const stateId = this.states.get(actor)
    if (stateId === undefined) throw new RangeError(`${actor} is in no group`)
    return stateId
  }

  transaction(actor: string): number {
    const transactionId = this.transactions.get(actor)
    if (transactionId === undefined) throw new RangeError(`${actor} has no key package`)
    return transactionId
  }

  result<Field extends keyof Result>(at: number | undefined, field: Field): NonNullable<Result[Field]> {
    const value = at === undefined ? undefined : this.results[at]?.[field]
    if (value === undefined) throw new RangeError(`step ${at} has no ${field}`)
    return value
  }
}

/** A description in which nothing is filled in. */
export const EMPTY_DESCRIPTION: ProposalDescription = {
  proposalType: NO_BYTES,
  keyPackage: NO_BYTES,
  removedId: NO_BYTES,
  pskId: NO_BYTES,
  epochId: 0n,
  extensions: [],
  groupId: NO_BYTES,
  cipherSuite: 0,
}

/** Extensions of a script as the calls carry them. */
export function extensionsOf(extensions: readonly ExtensionInScript[] = []): ExtensionMessage[] {
  return extensions.map(({ extensiontype, extensiondata }) => ({
    extensionType: extensiontype,
    extensionData: new Uint8Array(Buffer.from(extensiondata, "base64")),
  }))
}

/** @throws DisagreementError */
export function assertAgreed(actor: string, actual: Uint8Array, expected: Uint8Array): void {
  if (!agrees(actual, expected)) throw new DisagreementError(`${actor} is in another epoch than the others`)
}

/** A stack without an exporter of the authenticator says nothing; its exported secrets have to tell. */
function agrees(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === 0 || other.length === 0 || equalBytes(one, other)
}
