import { suite0001 } from "@qpc/crypto/node"
import type { Random } from "@qpc/wire"
import type { Client, ClientOptions } from "../api.ts"
import { MemoryStore, newMemoryDisk } from "../memory-store.ts"
import type { MemoryDisk } from "../memory-store.ts"
import { openClient } from "../open-client.ts"
import { fakeOpaque } from "./fake-opaque.ts"
import type { FakeServer } from "./fake-server.ts"
import { FaultyStore } from "./faulty-store.ts"
import type { TestClock } from "./test-clock.ts"

/** A client with everything that a test may want to reach into. */
export interface Person {
  readonly client: Client
  readonly store: FaultyStore
  readonly disk: MemoryDisk
}

/** For members who let nobody who lost the group back in. */
export const HELPS_NOBODY: Partial<ClientOptions> = { group: { rejoinsPerHour: 0 } }

let seeds = 0

/** Repeatable randomness: SHA-256 of a seed and a counter. */
function seededRandom(seed: number): Random {
  let count = 0
  return (lengthBytes) => {
    const bytes = new Uint8Array(lengthBytes)
    for (let at = 0; at < lengthBytes; at += 32) {
      const input = new Uint8Array(16)
      new DataView(input.buffer).setUint32(0, seed)
      new DataView(input.buffer).setUint32(8, count++)
      bytes.set(suite0001.hash(input).subarray(0, Math.min(32, lengthBytes - at)), at)
    }
    return bytes
  }
}

/** Opens a client on a disk, new or used. */
export async function openPerson(
  server: FakeServer,
  clock: TestClock,
  disk: MemoryDisk = newMemoryDisk(),
  options: Partial<ClientOptions> = {},
): Promise<Person> {
  const store = new FaultyStore(new MemoryStore(disk))
  const random = seededRandom(++seeds)
  const base = { store, dial: server.dial, suite: suite0001, random, clock, opaque: fakeOpaque }
  const limits = { keyPackageStock: 4, keyPackageLow: 2, ...options.limits }
  return { client: await openClient({ ...base, ...options, limits }), store, disk }
}

/** Opens and registers. */
export async function newPerson(
  server: FakeServer,
  clock: TestClock,
  username: string,
  options: Partial<ClientOptions> = {},
): Promise<Person> {
  const person = await openPerson(server, clock, newMemoryDisk(), options)
  await clock.during(person.client.register(username, `${username}'s password`))
  return person
}
