/** An extension as the calls carry it. */
export interface ExtensionMessage {
  readonly extensionType: number
  readonly extensionData: Uint8Array
}

/** A proposal to make: which fields count depends on the type. */
export interface ProposalDescription {
  /** UTF-8 of "add", "remove", "externalPSK", "resumptionPSK", "groupContextExtensions" or "reinit". */
  readonly proposalType: Uint8Array
  readonly keyPackage: Uint8Array
  /** The identity of the member to remove. */
  readonly removedId: Uint8Array
  readonly pskId: Uint8Array
  readonly epochId: bigint
  readonly extensions: readonly ExtensionMessage[]
  readonly groupId: Uint8Array
  readonly cipherSuite: number
}

interface StateId {
  readonly stateId: number
}

interface ProposalResponse {
  readonly proposal: Uint8Array
}

interface CommitRequest extends StateId {
  readonly byReference: readonly Uint8Array[]
  readonly byValue: readonly ProposalDescription[]
  readonly forcePath: boolean
  readonly externalTree: boolean
}

interface CommitResponse {
  readonly commit: Uint8Array
  readonly welcome: Uint8Array
  readonly ratchetTree: Uint8Array
}

interface HandleCommitRequest extends StateId {
  readonly proposal: readonly Uint8Array[]
  readonly commit: Uint8Array
}

interface EpochResponse extends StateId {
  readonly epochAuthenticator: Uint8Array
}

interface ReInitResponse {
  readonly reinitId: number
  readonly keyPackage: Uint8Array
  readonly epochAuthenticator: Uint8Array
}

interface SubgroupResponse extends EpochResponse {
  readonly welcome: Uint8Array
  readonly ratchetTree: Uint8Array
}

interface PrivateKeysResponse {
  readonly transactionId: number
  readonly initPriv: Uint8Array
  readonly encryptionPriv: Uint8Array
  readonly signaturePriv: Uint8Array
}

/** Request and response of each of the 34 calls of `mls_client.proto`, by the call's name. Absent bytes are empty. */
export interface Calls {
  name: [object, { readonly name: string }]
  supportedCiphersuites: [object, { readonly ciphersuites: readonly number[] }]
  createGroup: [
    {
      readonly groupId: Uint8Array
      readonly cipherSuite: number
      readonly encryptHandshake: boolean
      readonly identity: Uint8Array
    },
    StateId,
  ]
  createKeyPackage: [
    { readonly cipherSuite: number; readonly identity: Uint8Array },
    PrivateKeysResponse & { readonly keyPackage: Uint8Array },
  ]
  joinGroup: [
    {
      readonly transactionId: number
      readonly welcome: Uint8Array
      readonly encryptHandshake: boolean
      readonly identity: Uint8Array
      readonly ratchetTree: Uint8Array
    },
    EpochResponse,
  ]
  externalJoin: [
    {
      readonly groupInfo: Uint8Array
      readonly ratchetTree: Uint8Array
      readonly encryptHandshake: boolean
      readonly identity: Uint8Array
      readonly removePrior: boolean
      readonly psks: readonly { readonly pskId: Uint8Array; readonly pskSecret: Uint8Array }[]
    },
    EpochResponse & { readonly commit: Uint8Array },
  ]
  groupInfo: [
    StateId & { readonly externalTree: boolean },
    { readonly groupInfo: Uint8Array; readonly ratchetTree: Uint8Array },
  ]
  stateAuth: [StateId, { readonly stateAuthSecret: Uint8Array }]
  export: [
    StateId & { readonly label: string; readonly context: Uint8Array; readonly keyLength: number },
    { readonly exportedSecret: Uint8Array },
  ]
  protect: [
    StateId & { readonly authenticatedData: Uint8Array; readonly plaintext: Uint8Array },
    { readonly ciphertext: Uint8Array },
  ]
  unprotect: [
    StateId & { readonly ciphertext: Uint8Array },
    { readonly authenticatedData: Uint8Array; readonly plaintext: Uint8Array },
  ]
  storePsk: [
    { readonly stateOrTransactionId: number; readonly pskId: Uint8Array; readonly pskSecret: Uint8Array },
    object,
  ]
  addProposal: [StateId & { readonly keyPackage: Uint8Array }, ProposalResponse]
  updateProposal: [StateId, ProposalResponse]
  removeProposal: [StateId & { readonly removedId: Uint8Array }, ProposalResponse]
  externalPskProposal: [StateId & { readonly pskId: Uint8Array }, ProposalResponse]
  resumptionPskProposal: [StateId & { readonly epochId: bigint }, ProposalResponse]
  groupContextExtensionsProposal: [StateId & { readonly extensions: readonly ExtensionMessage[] }, ProposalResponse]
  commit: [CommitRequest, CommitResponse]
  handleCommit: [HandleCommitRequest, EpochResponse]
  handlePendingCommit: [StateId, EpochResponse]
  reInitProposal: [
    StateId & {
      readonly cipherSuite: number
      readonly groupId: Uint8Array
      readonly extensions: readonly ExtensionMessage[]
    },
    ProposalResponse,
  ]
  reInitCommit: [CommitRequest, CommitResponse]
  handlePendingReInitCommit: [StateId, ReInitResponse]
  handleReInitCommit: [HandleCommitRequest, ReInitResponse]
  reInitWelcome: [
    {
      readonly reinitId: number
      readonly keyPackage: readonly Uint8Array[]
      readonly forcePath: boolean
      readonly externalTree: boolean
    },
    SubgroupResponse,
  ]
  handleReInitWelcome: [
    { readonly reinitId: number; readonly welcome: Uint8Array; readonly ratchetTree: Uint8Array },
    EpochResponse,
  ]
  createBranch: [
    StateId & {
      readonly groupId: Uint8Array
      readonly extensions: readonly ExtensionMessage[]
      readonly keyPackages: readonly Uint8Array[]
      readonly forcePath: boolean
      readonly externalTree: boolean
    },
    SubgroupResponse,
  ]
  handleBranch: [
    StateId & { readonly transactionId: number; readonly welcome: Uint8Array; readonly ratchetTree: Uint8Array },
    EpochResponse,
  ]
  newMemberAddProposal: [
    { readonly groupInfo: Uint8Array; readonly identity: Uint8Array },
    PrivateKeysResponse & ProposalResponse,
  ]
  createExternalSigner: [
    { readonly cipherSuite: number; readonly identity: Uint8Array },
    { readonly signerId: number; readonly externalSender: Uint8Array },
  ]
  addExternalSigner: [StateId & { readonly externalSender: Uint8Array }, ProposalResponse]
  externalSignerProposal: [
    {
      readonly signerId: number
      readonly signerIndex: number
      readonly groupInfo: Uint8Array
      readonly ratchetTree: Uint8Array
      readonly description: ProposalDescription
    },
    ProposalResponse,
  ]
  free: [StateId, object]
}

/** What an MLS stack does behind the calls; also what the runner calls through the wire. */
export type MlsStack = {
  readonly [Name in keyof Calls]: (request: Calls[Name][0]) => Promise<Calls[Name][1]> | Calls[Name][1]
}

/** A call that a stack cannot do at all: its API or its wire format has no way. The message says why. */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError"
}

/** A call that a stack refused: the message is its reason. */
export class RefusedError extends Error {
  override readonly name = "RefusedError"
}
