import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join as joinPath } from "node:path"
import { fileURLToPath } from "node:url"
import { connectRpc, methods } from "@qpc/rpc"
import type { RpcClient } from "@qpc/rpc"
import { dialer, makeCertificate, parseServerAddress } from "@qpc/transport-quic"
import { newMessageId, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { startServer } from "./start-server.ts"
import type { RunningServer } from "./start-server.ts"
import { filesHolding } from "./testing/plaintext-scan.ts"
import { commitBatch, envelope, identityOf, login, register, testChannel } from "./testing/virtual-server.ts"

function place() {
  const directory = mkdtempSync(joinPath(tmpdir(), "qpc-start-"))
  return {
    directory,
    options: { listen: "127.0.0.1:0", "data-dir": joinPath(directory, "data"), "log-level": "silent" },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  }
}

async function connect(server: RunningServer): Promise<RpcClient> {
  const { host, port, fingerprint } = parseServerAddress(server.address)
  return connectRpc(await dialer({ host, port, pin: { fingerprint: fingerprint! } })())
}

const alice = { username: "alice", password: "correct horse battery staple", seed: 1 }

describe("a started server", () => {
  it("serves registration, delivery and pushes over a real connection, and keeps them over a restart", async () => {
    using here = place()
    let token: Uint8Array | undefined
    const content = toUtf8("sealed by the members, unreadable here")
    {
      await using server = await startServer({ options: here.options })
      await using rpc = await connect(server)
      const key = await register(rpc, alice)
      token = await login(rpc, alice)
      await rpc.call(methods.batchEnqueue, commitBatch({ epoch: 0n, members: [key], after: [key] }))
      await rpc.call(methods.enqueue, {
        messageId: newMessageId(0, (length) => new Uint8Array(length)),
        channelId: testChannel,
        recipientKey: key,
        payload: envelope("application", 1n, content),
      })
    }
    await using server = await startServer({ options: here.options })
    await using rpc = await connect(server)
    expect(await rpc.call(methods.resumeSession, { sessionToken: token! })).toMatchObject({ username: "alice" })
    await rpc.call(methods.subscribe, { afterSeq: 1n })
    for await (const push of rpc.pushes) {
      expect(push).toMatchObject({ name: "envelopePushed", message: { envelope: { seq: 2n } } })
      break
    }
  })

  it("keeps its fingerprint over restarts", async () => {
    using here = place()
    const fingerprintOf = async () => {
      await using server = await startServer({ options: here.options })
      return parseServerAddress(server.address).fingerprint
    }
    expect(await fingerprintOf()).toBe(await fingerprintOf())
  })

  it("leaves no payload, key, name or password readable in its files, its log, or to other users", async () => {
    using here = place()
    const lines: string[] = []
    const secret = toUtf8("this stands for a sealed payload")
    const server = await startServer({ options: here.options, observe: (one) => void lines.push(JSON.stringify(one)) })
    const rpc = await connect(server)
    const key = await register(rpc, alice)
    const token = (await login(rpc, alice))!
    await rpc.call(methods.batchEnqueue, commitBatch({ epoch: 0n, members: [key], after: [key] }))
    const payload = envelope("application", 1n, secret)
    const messageId = new Uint8Array(16).fill(7)
    await rpc.call(methods.enqueue, { messageId, channelId: testChannel, recipientKey: key, payload })
    const needles = {
      payload: secret,
      password: toUtf8(alice.password),
      username: toUtf8(alice.username),
      "session token": token,
      "identity key": key,
      "private key": identityOf(1).privateKey,
    }
    expect(filesHolding(here.directory, needles)).toEqual([])
    await server.close()
    expect(filesHolding(here.directory, needles)).toEqual([])
    expect(lines.join("\n")).not.toMatch(/alice|correct horse|sealed payload/)
    const { "data-dir": dataDir } = here.options
    for (const file of ["", "qpc-server.db", "db.key", "server.key"]) {
      expect([file, statSync(joinPath(dataDir, file)).mode & 0o077]).toEqual([file, 0])
    }
  })

  it("tells the operator how to go on when the port is taken", async () => {
    using here = place()
    const taken = createServer().listen(0, "127.0.0.1")
    await new Promise((resolve) => taken.once("listening", resolve))
    const { port } = taken.address() as { port: number }
    const start = startServer({ options: { ...here.options, listen: `127.0.0.1:${port}` } })
    await expect(start).rejects.toMatchObject({ name: "StartError", exit: "unavailable" })
    taken.close()
    await (await startServer({ options: here.options })).close()
  })

  it.each([
    ["expired", new Date("2020-01-01"), "expired on"],
    ["not valid yet", new Date("2100-01-01"), "clock"],
  ])("refuses a certificate that is %s", async (_, now, words) => {
    using here = place()
    const made = makeCertificate({ names: ["localhost"], days: 10, now })
    const files = { "tls-cert": joinPath(here.directory, "crt"), "tls-key": joinPath(here.directory, "key") }
    writeFileSync(files["tls-cert"], made.certificatePem)
    writeFileSync(files["tls-key"], made.privateKeyPem)
    const start = startServer({ options: { ...here.options, ...files } })
    await expect(start).rejects.toMatchObject({ exit: "config", message: expect.stringContaining(words) as string })
  })

  it("renews a made certificate under the same key before it ends", async () => {
    using here = place()
    const file = joinPath(here.options["data-dir"], "server.crt")
    const first = await startServer({ options: here.options })
    await first.close()
    const before = readFileSync(file, "utf8")
    const old = makeCertificate({
      names: ["127.0.0.1"],
      days: 20,
      now: new Date(),
      privateKeyPem: readFileSync(joinPath(here.options["data-dir"], "server.key"), "utf8"),
    })
    writeFileSync(file, old.certificatePem)
    const second = await startServer({ options: here.options })
    await second.close()
    expect(readFileSync(file, "utf8")).not.toBe(old.certificatePem)
    expect(readFileSync(file, "utf8")).not.toBe(before)
    expect(parseServerAddress(second.address).fingerprint).toBe(parseServerAddress(first.address).fingerprint)
  })
})

const inside = (here: ReturnType<typeof place>) => ["--listen", "127.0.0.1:0", "--data-dir", here.options["data-dir"]]

describe("qpc-server", () => {
  const BINARY = fileURLToPath(new URL("../bin/qpc-server.mjs", import.meta.url))

  function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const child = spawn(process.execPath, [BINARY, ...args], { env: { ...process.env, ...environment } })
    const output = { stdout: "", stderr: "" }
    const ready = new Promise<void>((resolve) => {
      child.stdout.on("data", (chunk: Buffer) => {
        output.stdout += chunk.toString()
        resolve()
      })
    })
    child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()))
    const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
      child.once("close", (code) => resolve({ code, ...output }))
    })
    return { child, ready: Promise.race([ready, ended]), ended }
  }

  it("prints one line when ready and ends with 0 on SIGTERM", async () => {
    using here = place()
    const server = run([...inside(here), "--json"])
    await server.ready
    server.child.kill("SIGTERM")
    const { code, stdout } = await server.ended
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      address: expect.stringMatching(/^qpc:\/\/127\.0\.0\.1:\d+#sha256-/) as string,
      port: expect.any(Number) as number,
    })
  })

  it("refuses a second server on one data directory with one line and 69", async () => {
    using here = place()
    const first = run(inside(here))
    await first.ready
    const { code, stderr } = await run([...inside(here), "--log-level", "silent"]).ended
    first.child.kill("SIGTERM")
    await first.ended
    expect([code, stderr.trim().split("\n").length]).toEqual([69, 1])
    expect(stderr).toContain("in use by another process")
  })

  it.each([
    ["an unknown option", ["--frobnicate"], {}, 2, "--frobnicate"],
    ["a value that makes no sense", ["--listen", "here"], {}, 2, "HOST:PORT"],
    ["a data directory that cannot be made", ["--data-dir", "/dev/null/x"], {}, 74, "/dev/null/x"],
    ["production without a certificate", ["--production"], {}, 78, "--tls-cert"],
    ["a missing file", ["--config", "/nowhere.toml"], {}, 74, "/nowhere.toml"],
  ])("answers %s with one line and its exit code", async (_, args, environment, exit, words) => {
    const { code, stdout, stderr } = await run(args, environment).ended
    expect([code, stdout, stderr.trim().split("\n").length]).toEqual([exit, "", 1])
    expect(stderr).toContain(words)
  })

  it("answers a wrong key, a lost key and a damaged store with one line and 65", async () => {
    using here = place()
    await (await startServer({ options: here.options })).close()
    const dataDir = here.options["data-dir"]
    const keyFile = joinPath(dataDir, "db.key")
    const wrong = await run(inside(here), { QPC_DB_KEY: "ab".repeat(32) }).ended
    expect([wrong.code, wrong.stderr]).toEqual([65, expect.stringContaining("another database key")])
    const key = readFileSync(keyFile)
    rmSync(keyFile)
    const lost = await run(inside(here)).ended
    expect([lost.code, lost.stderr]).toEqual([65, expect.stringContaining("db.key is missing")])
    writeFileSync(keyFile, key)
    writeFileSync(joinPath(dataDir, "qpc-server.db"), "damaged".repeat(5000))
    const damaged = await run(inside(here)).ended
    expect([damaged.code, damaged.stderr.trim().split("\n").length]).toEqual([65, 1])
    expect(damaged.stderr).toContain("restore")
  })
})
