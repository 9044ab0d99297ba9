import type { CipherSuite } from "@qpc/crypto"
import { RpcError } from "@qpc/rpc"
import type { ClientOptions } from "../api.ts"
import type { MemoryDisk } from "../memory-store.ts"
import { FakeServer } from "./fake-server.ts"
import { newPerson, openPerson } from "./person.ts"
import type { Person } from "./person.ts"
import { TestClock } from "./test-clock.ts"

/** A disk as it is now. */
const copyOf = ({ collections }: MemoryDisk): MemoryDisk => ({
  collections: new Map([...collections].map(([name, rows]) => [name, new Map(rows)])),
})

/**
 * Bob was away for longer than the server keeps the commits of his group, and alice has answered him; the commit that leads him back
 * waits in his outbox, because the server takes nothing until `release`.
 *
 * @param options - for bob as he comes back
 * @param world - `otherSuites` of everybody; with some, the first of them is the group's when bob comes back
 */
export async function bobIsEntering(
  options: Partial<ClientOptions> = {},
  { otherSuites = [] }: { readonly otherSuites?: readonly CipherSuite[] } = {},
) {
  const [clock, server] = [new TestClock(), new FakeServer()]
  server.keepsSuites = otherSuites.length > 0
  const alice = await newPerson(server, clock, "alice", { otherSuites })
  const before = await newPerson(server, clock, "bob", { otherSuites })
  const group = await clock.during(alice.client.createGroup("friends"))
  await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
  await clock.during(before.client.sync())
  await clock.during(before.client.close())
  const twinText = await textOfTwin(server, clock, before)
  for (const name of ["garden", "orchard"])
    await clock.during(group.rename(name).then(({ id }) => group.waitAccepted(id)))
  for (const { id } of otherSuites.slice(0, 1))
    await clock.during(group.changeSuite(id).then((change) => group.waitAccepted(change.id)))
  const withheld = server.account("bob").inbox.splice(0)
  const [channel] = server.channels.values()
  const log = channel!.log.splice(0)

  const received = (): number => server.delivered.get("bob")!.length
  const answered = received() + 1
  let refusals = 0
  server.before = (method) => {
    if (method !== "batchEnqueue" || received() < answered) return undefined
    refusals += 1
    return new RpcError("unavailable", "busy", "not now")
  }
  const bob = await openPerson(server, clock, before.disk, { otherSuites, ...options })
  const isHeld = (): boolean => refusals > 0
  while (!isHeld()) {
    for (const { client } of [bob, alice]) await clock.during(client.sync())
    clock.advance(1000)
  }
  const [own] = bob.client.conversations()
  return {
    clock,
    server,
    alice,
    bob,
    group,
    own: own!,
    /** By a copy of bob's profile, in the epoch in which he was last. */
    twinText,
    /** What his inbox never got. */
    withheld: withheld.map(({ data }) => data),
    isBack: (): boolean => own!.missing?.isBehindUs === true,
    reasons: async (): Promise<string[]> => (await bob.client.notices()).map(({ reason }) => reason),
    release: (): void => void (server.before = () => undefined),
    restoreLog: (): void => void channel!.log.unshift(...log),
  }
}

/** What the tests of his way back are about. */
export type Entering = Awaited<ReturnType<typeof bobIsEntering>>

/** A text that a copy of bob's profile writes. */
async function textOfTwin(server: FakeServer, clock: TestClock, { disk }: Person): Promise<Uint8Array> {
  const twin = await openPerson(server, clock, copyOf(disk))
  const [own] = twin.client.conversations()
  await clock.during(own!.send("by the twin"))
  await clock.during(twin.client.sync())
  await clock.during(twin.client.close())
  return server.delivered.get("alice")!.at(-1)!
}
