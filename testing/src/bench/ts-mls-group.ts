import {
  createApplicationMessage,
  createCommit,
  createGroup as createTsMlsGroup,
  decodeGroupState,
  decodeMlsMessage,
  defaultAuthenticationService,
  defaultCapabilities,
  defaultKeyPackageEqualityConfig,
  defaultKeyRetentionConfig,
  defaultLifetime,
  defaultLifetimeConfig,
  emptyPskIndex,
  encodeGroupState,
  encodeMlsMessage,
  generateKeyPackage,
  generateKeyPackageWithKey,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  mlsExporter,
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

const SOMEBODY = { credentialType: "basic", identity: toUtf8("somebody") } as const

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
    return await generateKeyPackage(SOMEBODY, defaultCapabilities(), defaultLifetime, [], this.#suite)
  }

  /** A key package of somebody who has a signature key. */
  async keyPackage(signKey: Uint8Array, publicKey: Uint8Array): Promise<Uint8Array> {
    const keys = { signKey, publicKey }
    const lifetime = defaultLifetime
    const made = await generateKeyPackageWithKey(SOMEBODY, defaultCapabilities(), lifetime, [], keys, this.#suite)
    return this.published(made)
  }

  /** The bytes of a key package as others get them. */
  published({ publicPackage: keyPackage }: TsMlsNewcomer): Uint8Array {
    return encodeMlsMessage({ wireformat: "mls_key_package", version: "mls10", keyPackage })
  }

  async create(creator: TsMlsNewcomer): Promise<ClientState> {
    const { publicPackage, privatePackage } = creator
    return await createTsMlsGroup(nodeRandom(16), publicPackage, privatePackage, [], this.#suite, config)
  }

  /** @param goesOn - True to leave the keys of `state` as they are, where its successor will be dropped. */
  async commit(state: ClientState, adds: readonly TsMlsNewcomer[] = [], goesOn = false): Promise<TsMlsCommit> {
    const extraProposals = adds.map(
      ({ publicPackage }) => ({ proposalType: "add", add: { keyPackage: publicPackage } }) as const,
    )
    const options = { extraProposals, ratchetTreeExtension: true }
    const { newState, commit, welcome, consumed } = await createCommit({ state, cipherSuite: this.#suite }, options)
    if (!goesOn) consumed.forEach(zeroOutUint8Array)
    return {
      state: newState,
      commit: encodeMlsMessage(commit),
      welcome: welcome && encodeMlsMessage({ wireformat: "mls_welcome", version: "mls10", welcome }),
    }
  }

  /** A commit that removes a member. The keys of `state` are left as they are, since it goes on. */
  async remove(state: ClientState, removed: number): Promise<Uint8Array> {
    const extraProposals = [{ proposalType: "remove", remove: { removed } } as const]
    const { commit } = await createCommit({ state, cipherSuite: this.#suite }, { extraProposals })
    return encodeMlsMessage(commit)
  }

  async export(state: ClientState, lengthBytes: number): Promise<Uint8Array> {
    const { exporterSecret } = state.keySchedule
    return await mlsExporter(exporterSecret, "bench", new Uint8Array(0), lengthBytes, this.#suite)
  }

  save(state: ClientState): Uint8Array {
    return encodeGroupState(state)
  }

  load(saved: Uint8Array): ClientState {
    const decoded = decodeGroupState(saved, 0)?.[0]
    if (decoded === undefined) throw new Error("unreachable: not a state")
    return { ...decoded, clientConfig: config }
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
