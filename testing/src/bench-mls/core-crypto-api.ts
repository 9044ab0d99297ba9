/**
 * The part of `@wireapp/core-crypto/browser` that is measured. The package is installed on demand (`npm run
 * bench:mls:peers`), so that nothing of ours may need its own declarations to compile.
 */
export interface CoreCryptoModule {
  readonly initWasmModule: (path: string) => Promise<void>
  readonly version: () => string
  readonly Database: { readonly inMemory: () => Promise<object> }
  readonly CoreCrypto: { readonly new: (database: object) => CoreCrypto }
  readonly Credential: { readonly basic: (cipherSuite: number, clientId: object) => object }
  readonly Uuid: new (uuid: string) => object
  readonly DeviceId: new (id: bigint) => object
  readonly ClientId: new (userId: object, deviceId: object, domain: string) => object
  readonly ConversationId: new (bytes: Uint8Array) => object
  readonly KeyPackage: new (bytes: Uint8Array) => Serializable
  readonly Welcome: new (bytes: Uint8Array) => Serializable
}

interface Serializable {
  serialize(): Uint8Array
}

/** One device. All that it does happens in transactions, which are undone if they throw. */
export interface CoreCrypto {
  transaction<R>(callback: (context: Context) => Promise<R>): Promise<R>
}

interface Transport {
  readonly sendCommitBundle: (bundle: CommitBundle) => Promise<void>
  readonly prepareForTransport: () => Promise<never>
}

export interface CommitBundle {
  readonly commit: Uint8Array
  readonly welcome?: Serializable
}

export interface Context {
  mlsInit(clientId: object, transport: Transport): Promise<void>
  addCredential(credential: object): Promise<object>
  generateKeyPackage(credential: object): Promise<Serializable>
  createConversation(id: object, credential: object): Promise<void>
  addClientsToConversation(id: object, keyPackages: readonly Serializable[]): Promise<void>
  removeClientsFromConversation(id: object, clients: readonly object[]): Promise<void>
  updateKeyingMaterial(id: object): Promise<void>
  processWelcomeMessage(welcome: Serializable): Promise<object>
  encryptMessage(id: object, message: Uint8Array): Promise<Uint8Array>
  decryptMessage(id: object, payload: Uint8Array): Promise<{ readonly tag: string }>
  exportSecretKey(id: object, lengthBytes: number): Promise<object>
}
