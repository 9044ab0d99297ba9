import { toHex, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { rejoinRecord } from "./rejoin-record.ts"
import { bobIsEntering } from "./testing/entering.ts"
import { openPerson } from "./testing/person.ts"

describe("a commit back into a group, of which what is stored with it is damaged", () => {
  it.each([
    ["in the cipher suite", 2, 0b10],
    ["behind it", 50, 1],
  ])("is made anew and costs nobody the connection: %s", async (_, at, bits) => {
    const { clock, server, alice, bob, group, release } = await bobIsEntering()
    await clock.during(bob.client.close())
    const settings = bob.disk.collections.get("settings")!
    const [key, bytes] = [...settings].find(([name]) => name.startsWith(toHex(toUtf8("rejoin/"))))!
    const { stage, ...record } = rejoinRecord.decode(bytes)
    if (stage.at !== "committed") throw new Error("bob is entering")
    const member = stage.member.with(at, stage.member[at]! ^ bits)
    settings.set(key, rejoinRecord.encode({ ...record, stage: { ...stage, member } }))
    release()
    const { client } = await openPerson(server, clock, bob.disk)
    for (let round = 0; round < 4; round++) {
      for (const one of [client, alice.client]) await clock.during(one.sync())
      clock.advance(3_600_000)
    }
    expect(client.conversation("orchard").epochAuthenticator).toEqual(group.epochAuthenticator)
  })
})
