import {
  createApplicationMessage,
  createCommit,
  createGroup as createTsMlsGroup,
  decodeMlsMessage,
  defaultAuthenticationService,
  defaultCapabilities,
  defaultKeyPackageEqualityConfig,
  defaultKeyRetentionConfig,
  defaultLifetime,
  defaultLifetimeConfig,
  emptyPskIndex,
  encodeMlsMessage,
  generateKeyPackage,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  processPrivateMessage,
  zeroOutUint8Array,
} from "ts-mls"
import type { CiphersuiteImpl, ClientConfig, ClientState, KeyPackage, PrivateKeyPackage, PrivateMessage } from "ts-mls"
import { nodeRandom } from "@qpc/crypto/node"
import { toUtf8 } from "@qpc/wire"

/** Someone who may be invited into a ts-mls group. */
export interface TsMlsNewcomer {
  readonly publicPackage: KeyPackage
  readonly privatePackage: PrivateKeyPackage
}

/** What a ts-mls commit leads to and tells others. */
export interface TsMlsCommit {
  readonly state: ClientState
  readonly commit: Uint8Array
  readonly welcome: Uint8Array | undefined
}

/** As ours is measured: no padding, and as many kept epochs and generations. */
const config: ClientConfig = {
  keyRetentionConfig: { ...defaultKeyRetentionConfig, retainKeysForGenerations: 100, retainKeysForEpochs: 3 },
  lifetimeConfig: defaultLifetimeConfig,
  keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
  paddingConfig: { kind: "alwaysPad", paddingLength: 0 },
  authService: defaultAuthenticationService,
}

/**
 * ts-mls 1.6.4 as its README uses it: messages encoded and decoded, consumed keys zeroed, states replaced. Its calls are
 * asynchronous, and each returns the next state.
 */
export class TsMls {
  readonly #suite: CiphersuiteImpl

  private constructor(suite: CiphersuiteImpl) {
    this.#suite = suite
  }

  static async load(): Promise<TsMls> {
    return new TsMls(await getCiphersuiteImpl(getCiphersuiteFromName("MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519")))
  }

  async newcomer(): Promise<TsMlsNewcomer> {
    const credential = { credentialType: "basic", identity: toUtf8("somebody") } as const
    return await generateKeyPackage(credential, defaultCapabilities(), defaultLifetime, [], this.#suite)
  }

  async create(creator: TsMlsNewcomer): Promise<ClientState> {
    const { publicPackage, privatePackage } = creator
    return await createTsMlsGroup(nodeRandom(16), publicPackage, privatePackage, [], this.#suite, config)
  }

  async commit(state: ClientState, adds: readonly TsMlsNewcomer[] = []): Promise<TsMlsCommit> {
    const extraProposals = adds.map(
      ({ publicPackage }) => ({ proposalType: "add", add: { keyPackage: publicPackage } }) as const,
    )
    const options = { extraProposals, ratchetTreeExtension: true }
    const { newState, commit, welcome, consumed } = await createCommit({ state, cipherSuite: this.#suite }, options)
    consumed.forEach(zeroOutUint8Array)
    return {
      state: newState,
      commit: encodeMlsMessage(commit),
      welcome: welcome && encodeMlsMessage({ wireformat: "mls_welcome", version: "mls10", welcome }),
    }
  }

  async join(bytes: Uint8Array, { publicPackage, privatePackage }: TsMlsNewcomer): Promise<ClientState> {
    const message = decodeMlsMessage(bytes, 0)?.[0]
    if (message?.wireformat !== "mls_welcome") throw new Error("unreachable: not a Welcome")
    const { welcome } = message
    const nothing = undefined
    return await joinGroup(welcome, publicPackage, privatePackage, emptyPskIndex, this.#suite, nothing, nothing, config)
  }

  async protect(state: ClientState, plaintext: Uint8Array): Promise<{ state: ClientState; message: Uint8Array }> {
    const { newState, privateMessage, consumed } = await createApplicationMessage(state, plaintext, this.#suite)
    consumed.forEach(zeroOutUint8Array)
    const message = encodeMlsMessage({ wireformat: "mls_private_message", version: "mls10", privateMessage })
    return { state: newState, message }
  }

  /** Receives an application message or a commit. */
  async receive(state: ClientState, bytes: Uint8Array): Promise<ClientState> {
    const message = this.#decode(bytes)
    const { newState, consumed } = await processPrivateMessage(state, message, emptyPskIndex, this.#suite)
    consumed.forEach(zeroOutUint8Array)
    return newState
  }

  /** Two views of one group of `memberCount`: its creator's and its newest member's. One commit added everybody. */
  async groupOf(memberCount: number): Promise<{ readonly creator: ClientState; readonly member: ClientState }> {
    const people: TsMlsNewcomer[] = []
    for (let at = 1; at < memberCount; at++) people.push(await this.newcomer())
    const { state, welcome } = await this.commit(await this.create(await this.newcomer()), people)
    return { creator: state, member: await this.join(welcome!, people.at(-1)!) }
  }

  #decode(bytes: Uint8Array): PrivateMessage {
    const message = decodeMlsMessage(bytes, 0)?.[0]
    if (message?.wireformat !== "mls_private_message") throw new Error("unreachable: not a PrivateMessage")
    return message.privateMessage
  }
}
