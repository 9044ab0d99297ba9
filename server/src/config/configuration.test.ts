import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { toConfiguration } from "./configuration.ts"
import type { OptionTexts } from "./configuration.ts"
import { gatherOptions } from "./sources.ts"
import { printConfiguration, usage } from "./usage.ts"

function inFile(text: string) {
  const directory = mkdtempSync(join(tmpdir(), "qpc-config-"))
  const file = join(directory, "qpc-server.toml")
  writeFileSync(file, text)
  return { file, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) }
}

const refusalOf = (texts: OptionTexts) => {
  try {
    toConfiguration(texts)
    return "accepted"
  } catch (error) {
    return error
  }
}

describe("options", () => {
  it("take flags before variables, variables before the file, the file before defaults", () => {
    using config = inFile(`listen = "a:1"\ndata_dir = "from-file"\nqueue_depth = 7\nquic = false\n`)
    const { texts } = gatherOptions(["--config", config.file, "--listen", "c:3"], {
      QPC_LISTEN: "b:2",
      QPC_DATA_DIR: "from-variable",
    })
    expect(toConfiguration(texts)).toMatchObject({
      listen: { host: "c", port: 3 },
      dataDir: "from-variable",
      quic: false,
      drainTimeoutMs: 30_000,
      limits: { queueDepth: 7, pushWindow: 64 },
    })
  })

  it("need nothing", () => {
    expect(toConfiguration(gatherOptions([], {}).texts)).toMatchObject({
      listen: { host: "0.0.0.0", port: 7000 },
      limits: { retentionMs: 604_800_000, requests: { count: 50, windowMs: 1000 } },
    })
  })

  it("may be negated", () => {
    expect(toConfiguration(gatherOptions(["--no-quic"], { QPC_QUIC: "true" }).texts).quic).toBe(false)
  })

  it.each([
    [["--frobnicate"], "Unknown option '--frobnicate'"],
    [["--listen"], "--listen"],
    [["--db-key", "x"], "Unknown option '--db-key'"],
    [["stray"], "stray"],
  ])("refuse the command line %j", (args, text) => {
    expect(() => gatherOptions(args, {})).toThrow(expect.objectContaining({ exit: "usage" }))
    expect(() => gatherOptions(args, {})).toThrow(text)
  })

  it.each([
    ["lisen = 1", "lisen"],
    ["listen = [1]", "listen"],
    ["listen = ", "not TOML"],
  ])("refuse the file %j", (content, text) => {
    using config = inFile(content)
    expect(() => gatherOptions(["--config", config.file], {})).toThrow(expect.objectContaining({ exit: "usage" }))
    expect(() => gatherOptions(["--config", config.file], {})).toThrow(text)
  })

  it("do not quote a broken file, which may hold the database key", () => {
    using config = inFile(`db_key = "hunter2hunter2\n`)
    let message = ""
    try {
      gatherOptions(["--config", config.file], {})
    } catch (error) {
      message = String(error)
    }
    expect(message).toContain("line 1")
    expect(message).not.toContain("hunter2")
  })

  it("tell a missing file from a missing option", () => {
    expect(() => gatherOptions(["--config", "/nowhere.toml"], {})).toThrow(expect.objectContaining({ exit: "disk" }))
  })

  it.each<[OptionTexts, string]>([
    [{ listen: "7000" }, "HOST:PORT"],
    [{ listen: "a:70000" }, "HOST:PORT"],
    [{ "queue-depth": "0" }, "more than 0"],
    [{ "request-rate": "fast" }, "rate"],
    [{ "store-backend": "postgres" }, "sqlite"],
    [{ registration: "maybe" }, "open, closed"],
    [{ "tls-cert": "a.pem" }, "come together"],
    [{ "db-key": "a", "db-key-file": "b" }, "not both"],
  ])("refuse %j", (texts, text) => {
    expect(refusalOf(texts)).toMatchObject({ exit: "usage", message: expect.stringContaining(text) as string })
  })
})

describe("production mode", () => {
  const sound: OptionTexts = { production: "true", "tls-cert": "a", "tls-key": "b", "db-key-file": "c" }

  it("takes a configuration with a certificate and a database key of its own", () => {
    expect(refusalOf(sound)).toBe("accepted")
    expect(refusalOf({ ...sound, "db-key-file": "", "db-key": "sixteen characters" })).toBe("accepted")
  })

  it.each<[string, OptionTexts]>([
    ["a made-up certificate", { "tls-cert": "", "tls-key": "" }],
    ["a made-up database key", { "db-key-file": "" }],
    ["an empty database key", { "db-key": "" }],
    ["a short database key", { "db-key-file": "", "db-key": "short" }],
    ["a database key of one letter", { "db-key-file": "", "db-key": "a".repeat(40) }],
  ])("refuses %s", (_, change) => {
    expect(refusalOf({ ...sound, ...change })).toMatchObject({ exit: "config" })
  })
})

describe("what is printed", () => {
  it("never holds the database key", () => {
    const printed = printConfiguration({ "db-key": "a very secret key", "queue-depth": "5" })
    expect(printed).not.toContain("secret key")
    expect(printed).toContain(`queue_depth = "5"`)
  })

  it("can be read back as a file", () => {
    using config = inFile(printConfiguration({ listen: "[::1]:9", quic: "false" }))
    const { texts } = gatherOptions(["--config", config.file], {})
    expect(toConfiguration(texts)).toMatchObject({ listen: { host: "::1", port: 9 }, quic: false })
  })

  it("explains every option and exit code", () => {
    for (const word of ["--listen", "--db-key-file", "QPC_DRAIN_TIMEOUT", "--queue-depth", "65", "69", "74", "78"]) {
      expect(usage()).toContain(word)
    }
  })
})
