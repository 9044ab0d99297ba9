import { describe, expect, it } from "vitest"
import { EventHub } from "./event-hub.ts"
import type { ClientEvent } from "./model.ts"

const offline: ClientEvent = { kind: "connection", state: { at: "offline" } }
const online: ClientEvent = { kind: "connection", state: { at: "online" } }

async function collect(events: AsyncIterable<ClientEvent>, seen: ClientEvent[] = []): Promise<ClientEvent[]> {
  for await (const event of events) seen.push(event)
  return seen
}

describe("event hub", () => {
  it("hands every event from the call on to every reader, until the signal", async () => {
    const hub = new EventHub(8)
    const abort = new AbortController()
    hub.publish(offline)
    const [one, two] = [collect(hub.events(abort.signal)), collect(hub.events(abort.signal))]
    hub.publish(online)
    await Promise.resolve()
    abort.abort()
    expect(await one).toEqual([online])
    expect(await two).toEqual([online])
  })

  it("cuts a slow reader off and leaves the others alone", async () => {
    const hub = new EventHub(2)
    const abort = new AbortController()
    const slow = hub.events(abort.signal)
    for (let i = 0; i < 3; i++) hub.publish(online)
    await expect(collect(slow)).rejects.toMatchObject({ code: "events_overflow" })
    const next = collect(hub.events(abort.signal))
    hub.publish(offline)
    hub.close()
    expect(await next).toEqual([offline])
  })

  it("has nothing to say after its end", async () => {
    const hub = new EventHub(2)
    hub.close()
    expect(await collect(hub.events(new AbortController().signal))).toEqual([])
  })
})
