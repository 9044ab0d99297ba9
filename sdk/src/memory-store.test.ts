import { testStore } from "./conformance/store.ts"
import { MemoryStore, newMemoryDisk } from "./memory-store.ts"
import type { MemoryDisk } from "./memory-store.ts"

testStore("memory store", async (place = newMemoryDisk()) => ({ store: new MemoryStore(place as MemoryDisk), place }))
