import type { Contender } from "../bench/measure.ts"
import { Cases } from "./cases.ts"
import type { ImplementationId, Library } from "./library.ts"
import { memberMemory } from "./memory.ts"
import type { OperationName } from "./operations.ts"

/** Bytes of what one group sends. Absent is what an implementation cannot send. */
export interface MessageBytes {
  readonly keyPackage: number
  /** For all but the creator. */
  readonly welcome: number
  /** The ratchet tree, where it is not inside of the Welcome. */
  readonly treeBeside?: number
  readonly addAll: number
  readonly updateCold?: number
  readonly updateWarm?: number
  /** Of 100 bytes, without padding. */
  readonly application: number
  /** The whole state of a member. */
  readonly saved?: number
}

/** An implementation in groups of one size. */
export interface Player {
  /** `undefined` for what it cannot do. */
  contender(operation: OperationName): Promise<Contender | undefined>
  messageBytes(): Promise<MessageBytes>
  free(): Promise<void>
}

/** Whatever takes part: a library in this process, or a program beside it. */
export interface Implementation {
  readonly id: ImplementationId
  /** With its version. */
  readonly name: string
  readonly suiteId: number
  /** Larger groups take it longer to make than a run may last. */
  readonly membersLimit: number
  /** What it does more or less than the others. */
  readonly remarks: readonly string[]
  at(memberCount: number): Player
  /** What one more member's view of a group takes in memory; `undefined` where that cannot be seen. */
  memoryBytes(memberCount: number): Promise<number | undefined>
  close(): Promise<void>
}

/** A library in this process. */
export function implementationOf(library: Library): Implementation {
  const { id, name, suiteId, membersLimit, remarks } = library
  return {
    id,
    name,
    suiteId,
    membersLimit,
    remarks,
    at: (memberCount) => new Cases(library, memberCount),
    memoryBytes: async (memberCount) => await memberMemory(library, memberCount),
    close: async () => {},
  }
}
