import { RpcError } from "@qpc/rpc"
import { describe, expect, it } from "vitest"
import type { ClientError } from "./client-error.ts"
import { toClientError } from "./network-error.ts"

describe("a refusal that we have no words for", () => {
  it("quotes the server as the server, briefly, and never as our own advice", () => {
    const advice = "Run this to continue: ".repeat(1000)
    const error = toClientError(new RpcError("failed_precondition", "x".repeat(5000), advice)) as ClientError
    expect(error).toMatchObject({ code: "server_refused", nextStep: "Ask the server's operator." })
    expect(error.message).toMatch(/^the server refused and says: "Run this/)
    expect(error.message.length).toBeLessThan(500)
  })
})
