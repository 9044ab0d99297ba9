import type { SodiumHeap } from "./sodium.ts"

/** Memory of libsodium's for the arguments of one call. */
export interface SodiumMemory {
  /** Address of a copy of `bytes`. */
  copy(bytes: Uint8Array): number
  /** Address of `lengthBytes` bytes to be written. */
  room(lengthBytes: number): number
  /** The bytes at an address, the caller's. */
  read(address: number, lengthBytes: number): Uint8Array
}

/**
 * Lends libsodium's memory to `use` and takes it back with zeros in it: keys and messages are among the arguments. libsodium
 * does not know how much is behind an address, so `use` has to be sure of all lengths.
 *
 * @throws RangeError if there is not enough memory
 */
export function withSodiumMemory<T>(sodium: SodiumHeap, use: (memory: SodiumMemory) => T): T {
  const lent = new Map<number, number>()

  function room(lengthBytes: number): number {
    const address = sodium.malloc(lengthBytes)
    if (address === 0) throw new RangeError(`WebAssembly has no memory for ${lengthBytes} bytes at once`)
    lent.set(address, lengthBytes)
    return address
  }

  function copy(bytes: Uint8Array): number {
    const address = room(bytes.length)
    sodium.heap.set(bytes, address)
    return address
  }

  try {
    return use({ copy, room, read: (address, lengthBytes) => sodium.heap.slice(address, address + lengthBytes) })
  } finally {
    for (const [address, lengthBytes] of lent) {
      sodium.heap.fill(0, address, address + lengthBytes)
      sodium.free(address)
    }
  }
}

/** For a call that only wrong lengths make fail. */
export function mustSucceed(status: number): void {
  if (status !== 0) throw new Error("unreachable: libsodium refuses what has the right length")
}
