import { once } from "node:events"
import { createServer } from "node:http"
import type { ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { VectorFiles } from "@qpc/wire/vectors"
import type { Bundle } from "./bundle.ts"

/** A server of one page on the loopback interface. */
export interface PageServer extends AsyncDisposable {
  readonly url: string
}

/** What a page of ours needs and no more: above all no `unsafe-eval`, with which WebAssembly would run anywhere. */
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src data:"

/** Serves a bundle, and the vectors under `/vectors/`, on a free port. */
export async function servePage(bundle: Bundle, vectors: VectorFiles): Promise<PageServer> {
  const html = `<!doctype html><meta charset="utf-8"><title>conformance</title><link rel="icon" href="data:,">
<script type="module" src="/${bundle.entry}"></script>`
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname.slice(1)
    const script = bundle.files.get(path)
    if (path === "") answer(response, "text/html", html)
    else if (script !== undefined) answer(response, "text/javascript", script)
    else if (path.startsWith("vectors/")) answer(response, "text/plain", vectors.text(path.slice("vectors/".length)))
    else answer(response, "text/plain", undefined)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    },
  }
}

/** A missing file is "no content": browsers write every 404 on their console, which must stay empty. */
function answer(response: ServerResponse, type: string, text: string | undefined): void {
  response.setHeader("content-security-policy", POLICY)
  response.setHeader("content-type", `${type}; charset=utf-8`)
  response.writeHead(text === undefined ? 204 : 200).end(text)
}
