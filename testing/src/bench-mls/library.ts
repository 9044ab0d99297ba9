/** Peers differ in what waits for a promise; ours never does, and shall not be measured as if it did. */
export type MaybePromise<T> = T | Promise<T>

/** What is compared. Those of one suite are compared with ours of the same. */
export type ImplementationId =
  | "ours"
  | "ours_chacha"
  | "bound"
  | "tsmls"
  | "corecrypto"
  | "openmls_wasm"
  | "openmls_native"
  | "openmls_native_chacha"

/** One operation that can be done again and again. */
export interface Repeatable {
  /** Makes what `count` operations use up, before the clock starts. */
  readonly prepare?: (count: number) => MaybePromise<void>
  readonly once: () => MaybePromise<unknown>
}

/** What leads a newcomer into a group. */
export interface Invitation {
  readonly commit: Uint8Array
  readonly welcome: Uint8Array
  /** The ratchet tree, where the library hands it out beside the Welcome. */
  readonly tree: Uint8Array | undefined
}

/** Somebody with a key package that may be used for one group. */
export interface Newcomer {
  /** As it is published. */
  readonly keyPackageBytes: number
  join(invitation: Invitation): MaybePromise<Member>
  /** Entering by the same Welcome, each time as if for the first. */
  joining(invitation: Invitation): Repeatable
}

/** One member's view of a group. What a library cannot do is absent. */
export interface Member {
  /** One commit for all, made and merged, where the library can; the last of as many commits otherwise. */
  add(newcomers: readonly Newcomer[]): MaybePromise<Invitation>
  /** A commit with a Welcome for one more member, made and dropped. */
  adding(newcomer: Newcomer): Repeatable
  /** A commit that removes a member, made and dropped. */
  removing?(leafIndex: number): Repeatable
  /** A commit with fresh keys, made and merged. Returns it. */
  update?(): MaybePromise<Uint8Array>
  /** Receives a commit of another member and merges it. */
  follow?(commit: Uint8Array): MaybePromise<void>
  protect(text: Uint8Array): MaybePromise<Uint8Array>
  /** @throws Error if it does not open */
  unprotect(message: Uint8Array): MaybePromise<void>
  /** 32 bytes. */
  exportSecret(): MaybePromise<unknown>
  save?(): MaybePromise<Uint8Array>
  /** Makes a member of what {@link save} returned, and lets go of it. */
  load?(saved: Uint8Array): MaybePromise<unknown>
  /** Surrounds the operations of one slice, where the library has something like a transaction. */
  session?(work: () => Promise<void>): Promise<void>
  /** Lets go of memory that no garbage collector sees. */
  free?(): void
}

/** An implementation of MLS behind the calls that are compared. */
export interface Library {
  readonly id: ImplementationId
  /** With its version. */
  readonly name: string
  readonly suiteId: number
  /** Larger groups take it longer to make than a run may last. */
  readonly membersLimit: number
  /** True if only the last of several people who are added can use the invitation. Each may use it again and again. */
  readonly invitesOneByOne?: boolean
  /** What it does more or less than the others, for the report. */
  readonly remarks: readonly string[]
  keyPackaging(): MaybePromise<Repeatable>
  newcomer(): MaybePromise<Newcomer>
  create(creator: Newcomer): MaybePromise<Member>
  /** Bytes of memory outside of what the engine's own counters tell, such as a WebAssembly module's. */
  foreignMemoryBytes?(): number
}

/** Repeats without waiting for what is no promise. */
export async function repeat(count: number, once: () => MaybePromise<unknown>): Promise<void> {
  for (let done = 0; done < count; done++) {
    const pending = once()
    if (pending instanceof Promise) await pending
  }
}
