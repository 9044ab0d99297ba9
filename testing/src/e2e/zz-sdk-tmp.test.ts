import { setTimeout as pause } from "node:timers/promises"
import { it } from "vitest"
import { registerPerson } from "./people-in-process.ts"
import { freePort, TestServer } from "./programs.ts"
import { TestFolder } from "./test-folder.ts"

it("measures", async () => {
  using folder = new TestFolder()
  const port = await freePort()
  let server = await TestServer.start(folder.at("server"), port)
  const t0 = performance.now()
  const log = (s: string) => console.log(((performance.now() - t0) | 0) + " " + s)
  const clients = []
  for (const [n, transport] of [["alice", "quic"], ["bob", "tls"]] as const) {
    const c = await registerPerson(folder.at(n), n, server.address, { transport, answerWithinMs: 250 })
    clients.push(c)
    void (async () => {
      for await (const e of c.events(new AbortController().signal)) if (e.kind === "connection") log(n + " " + JSON.stringify({ ...e.state, ...(e.state.at === "waiting" ? { inMs: e.state.retryAtMs - Date.now() } : {}) }))
    })()
  }
  const g = await clients[0]!.createGroup("g")
  await g.waitAccepted((await g.invite("bob")).id)
  await clients[1]!.sync({ until: () => clients[1]!.conversations().length > 0 })
  const groups = [g, clients[1]!.conversation("g")]
  let stop = false
  let n = [0, 0]
  const talks = groups.map(async (group, i) => { while (!stop) { const { id } = await group.send("x" + n[i]!++); if (n[i]! % 3 === 0) await group.waitAccepted(id, { timeoutMs: 60_000 }) } })
  for (let k = 0; k < 12; k++) {
    const before = [...n]
    await Promise.all(clients.map(async (c) => { for await (const e of c.events(new AbortController().signal)) if (e.kind === "sent" && e.sent.state === "accepted") return }))
    log("both accepted " + n)
    await pause(150)
    log("KILL")
    await server.kill()
    server = await TestServer.start(folder.at("server"), port)
    log("UP")
  }
  stop = true
  await Promise.all(talks)
  for (const c of clients) { const r = await c.sync({ waitMs: 60_000, until: (s) => s.pending === 0 }); log(JSON.stringify([r.pending, r.notices.length, r.isComplete])) }
  for (const c of clients) await c.close()
  await server[Symbol.asyncDispose]()
}, 200_000)
