import { connect, createServer } from "node:net"
import type { AddressInfo, Socket } from "node:net"
import { describe, expect, it } from "vitest"
import { NodeProcess } from "../testing/node-process.ts"
import { ran } from "../testing/world.ts"

const person = (name: string, memberId: number): { memberId: number; name: string } => ({ memberId, name })

/** A founder that listens on a free port. */
async function founder(...words: string[]): Promise<{ node: NodeProcess; address: string }> {
  const node = new NodeProcess("listen", "--name", "ann", ...words, "127.0.0.1:0")
  const { address } = await node.saw({ event: "listening" })
  return { node, address: String(address) }
}

/** A frame that is no key package. */
const NO_KEY_PACKAGE = Buffer.from("0300000001ff02", "hex")
/** After which the node disconnects who said nothing. */
const HELLO_MS = 10_000

/** A connection that never ends its side. */
async function stubborn(address: string): Promise<Socket> {
  const [host, port] = address.split(":")
  const socket = connect({ port: Number(port), host: host!, allowHalfOpen: true })
  socket.on("error", () => {}) // Being cut off is what the tests wait for.
  socket.resume()
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()))
  return socket
}

describe.each(["tcp", "quic"])("processes that form a group over %s", (transport) => {
  it("let each other in, read each other, and notice who leaves and who stops", async () => {
    const { node: ann, address } = await founder("--transport", transport)
    await using _ = ann
    await using bob = new NodeProcess("connect", "--transport", transport, "--name", "bob", "--member", "2", address)
    await bob.saw({ event: "members", because: "entered as member 2" })
    await using cat = new NodeProcess("connect", "--transport", transport, "--name", "cat", "--member", "3", address)
    await Promise.all([cat.saw({ event: "members", epoch: "2" }), bob.saw({ event: "members", epoch: "2" })])

    bob.type("hello from bob")
    ann.type("hello from ann")
    await Promise.all([
      ann.saw({ event: "text", from: person("bob", 2), text: "hello from bob" }),
      cat.saw({ event: "text", from: person("bob", 2), text: "hello from bob" }),
      cat.saw({ event: "text", from: person("ann", 1), text: "hello from ann" }),
      bob.saw({ event: "text", from: person("ann", 1), text: "hello from ann" }),
    ])

    cat.type("/start audio")
    cat.type("/mute 2")
    cat.type("//not a signal")
    await bob.saw({
      event: "signal",
      from: person("cat", 3),
      signal: { type: "stream_start", stream: "audio" },
      isAuthorized: true,
    })
    await ann.saw({
      event: "signal",
      from: person("cat", 3),
      signal: { type: "mute", target: 2 },
      isAuthorized: false,
    })
    await ann.saw({ event: "text", text: "/not a signal" })

    bob.endInput()
    expect((await bob.ended()).exitCode).toBe(0)
    await cat.saw({ event: "members", epoch: "3", members: [person("ann", 1), person("cat", 3)] })
    cat.type("is anybody left?")
    await ann.saw({ event: "text", from: person("cat", 3), text: "is anybody left?" })

    ann.kill("SIGTERM")
    expect(await ann.ended()).toEqual({ exitCode: 0, err: "" })
    expect((await cat.ended()).exitCode).toBe(69)
    expect([...ann.events, ...bob.events, ...cat.events].filter(({ event }) => event === "refused")).toEqual([])
  })
})

describe.each(["tcp", "quic"])("a process that is killed, over %s,", (transport) => {
  it("is removed from the group, and noticed by those who are in it with nobody else", async () => {
    const { node: ann, address } = await founder("--transport", transport, "--idle", "2")
    await using _ = ann
    const words = ["connect", "--transport", transport, "--idle", "2"]
    await using bob = new NodeProcess(...words, "--name", "bob", "--member", "2", address)
    await using cat = new NodeProcess(...words, "--name", "cat", "--member", "3", address)
    await Promise.all([bob.saw({ event: "members", epoch: "2" }), cat.saw({ event: "members", epoch: "2" })])
    bob.kill("SIGKILL")
    await cat.saw({ event: "members", epoch: "3", members: [person("ann", 1), person("cat", 3)] })
    ann.kill("SIGKILL")
    expect((await cat.ended()).exitCode).toBe(69)
  })
})

describe("a node that listens", () => {
  it("refuses a member id that somebody has, and says so", async () => {
    const { node, address } = await founder()
    await using _ = node
    await using bob = new NodeProcess("connect", "--member", "2", address)
    await bob.saw({ event: "members" })
    await using eve = new NodeProcess("connect", "--member", "2", address)
    const { exitCode, err } = await eve.ended()
    expect(exitCode).toBe(1)
    expect(err).toContain("refused")
  })

  it("is not disturbed by what is no key package", async () => {
    const { node, address } = await founder()
    await using _ = node
    const [host, port] = address.split(":")
    const socket = connect(Number(port), host)
    const answer = new Promise<Buffer>((resolve) => socket.once("data", resolve))
    socket.write(NO_KEY_PACKAGE)
    expect(String(await answer)).toContain("refused")
    socket.destroy()
    await using bob = new NodeProcess("connect", "--name", "bob", "--member", "2", address)
    await bob.saw({ event: "members" })
  })

  it("does not keep the place of one whom it refused", async () => {
    const { node, address } = await founder()
    await using _ = node
    const socket = await stubborn(address)
    const beganMs = performance.now()
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()))
    socket.write(NO_KEY_PACKAGE)
    // A socket notices that the other side is gone by what it writes.
    const writing = setInterval(() => socket.write(NO_KEY_PACKAGE), 50)
    await closed
    clearInterval(writing)
    expect(performance.now() - beganMs).toBeLessThan(HELLO_MS / 2)
  })

  it("ends when it is told to, whoever waits to be let in", async () => {
    const { node, address } = await founder()
    await using _ = node
    const socket = await stubborn(address)
    await using bob = new NodeProcess("connect", "--name", "bob", "--member", "2", address)
    await bob.saw({ event: "members" }) // The socket was accepted before.
    const beganMs = performance.now()
    node.kill("SIGTERM")
    expect(await node.ended()).toEqual({ exitCode: 0, err: "" })
    expect(performance.now() - beganMs).toBeLessThan(HELLO_MS / 2)
    socket.destroy()
  })

  it("warns of profile 1, and refuses to be the second who sends there", async () => {
    const { node: ann, address } = await founder("--profile", "gbp/1")
    await using _ = ann
    await ann.saw({ event: "warning" })
    await using bob = new NodeProcess("connect", "--profile", "gbp/1", "--name", "bob", "--member", "2", address)
    await bob.saw({ event: "warning" })
    ann.type("first")
    await bob.saw({ event: "text", text: "first" })
    bob.type("second")
    await bob.saw({ event: "refused", code: "nonce_reuse" })
  })
})

describe("gbp-node connect", () => {
  it.each([
    { words: ["127.0.0.1"], exitCode: 2, says: "is not the address of a node" },
    { words: ["127.0.0.1:99999"], exitCode: 2, says: "is not the address of a node" },
    { words: ["--transport", "quic", "127.0.0.1:1"], exitCode: 2, says: "QUIC needs the fingerprint" },
    { words: ["--transport", "quic", "127.0.0.1:1#sha256-short"], exitCode: 2, says: "is not a fingerprint" },
    { words: [`127.0.0.1:1#sha256-${"A".repeat(43)}`], exitCode: 2, says: "Plain TCP proves no key" },
    { words: ["--member", "1000000", "127.0.0.1:1"], exitCode: 2, says: "is not a member id" },
    { words: ["--idle", "0", "127.0.0.1:1"], exitCode: 2, says: "number of seconds" },
    { words: ["--accept-risk", "all", "127.0.0.1:1"], exitCode: 2, says: "no risk that can be accepted" },
    { words: ["127.0.0.1:1"], exitCode: 69, says: "no answer from 127.0.0.1:1 over TCP" },
  ])("ends with $exitCode for $words", async ({ words, exitCode, says }) => {
    const ended = await ran(["connect", ...words])
    expect(ended.err).toContain(says)
    expect(ended.exitCode).toBe(exitCode)
  })

  it("can be interrupted while it waits to be let in", async () => {
    const server = createServer(() => {}) // Takes the key package and never answers.
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as AddressInfo
    await using bob = new NodeProcess("connect", `127.0.0.1:${port}`)
    const socket = await new Promise<Socket>((resolve) => server.once("connection", resolve))
    await new Promise<void>((resolve) => socket.once("data", () => resolve()))
    bob.kill("SIGINT")
    expect((await bob.ended()).exitCode).toBe(130)
    socket.destroy()
    server.close()
  })

  it("does not go on with a node that has another key", async () => {
    const { node, address } = await founder("--transport", "quic")
    await using _ = node
    const [place] = address.split("#")
    const ended = await ran(["connect", "--transport", "quic", `${place}#sha256-${"A".repeat(43)}`])
    expect(ended.exitCode).toBe(77)
    expect(ended.err).toContain("has the key")
  })
})
