import { describe, expect, it } from "vitest"
import { bundleForBrowsers } from "./bundle.ts"

describe("a bundle for browsers", () => {
  it("of everything that runs in the page needs nothing of Node", async () => {
    const { entry, files } = await bundleForBrowsers(new URL("page.ts", import.meta.url))
    expect(entry).toBe("page.js")
    expect([...files.values()].join("\n")).not.toMatch(/from "node:|import\("node:|require\("node:/)
  })

  it("of something that uses a module of Node is refused, with the module's name", async () => {
    const module = new URL("fixture/needs-node.ts", import.meta.url)
    await expect(bundleForBrowsers(module)).rejects.toThrow("the bundle needs modules of Node: node:fs")
  })
})
