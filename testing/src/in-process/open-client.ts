import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { MemoryStore, newMemoryDisk, openClient } from "@qpc/sdk"
import type { Client, ClientOptions, MemoryDisk } from "@qpc/sdk"
import type { MemoryStorage, Server } from "@qpc/server"
import type { TestClock } from "@qpc/sdk/testing"
import { memoryPair } from "@qpc/transport"
import type { MemoryPair } from "@qpc/transport"
import { enrol } from "../simulate/enrol.ts"
import { noOpaque } from "../simulate/no-opaque.ts"

/** The disk of somebody with an account and a session at the server whose storage it is. */
export async function enrolledDisk(username: string, storage: MemoryStorage, clock: TestClock): Promise<MemoryDisk> {
  const disk = newMemoryDisk()
  await enrol({ suite: suite0001, random: nodeRandom, username, disk, storage, nowMs: clock.unixMs() })
  return disk
}

/** The real client of a server in this process. The caller's to close. */
export function openClientOf(
  server: Server,
  parts: { readonly disk: MemoryDisk; readonly clock: TestClock; readonly onCable?: (cable: MemoryPair) => void },
  options: Partial<ClientOptions> = {},
): Promise<Client> {
  const dial: ClientOptions["dial"] = async () => {
    const cable = memoryPair()
    server.accept(cable.far)
    parts.onCable?.(cable)
    return cable.near
  }
  const { disk, clock } = parts
  const own = { store: new MemoryStore(disk), dial, suite: suite0001, random: nodeRandom, clock, opaque: noOpaque }
  return openClient({ ...own, ...options })
}
