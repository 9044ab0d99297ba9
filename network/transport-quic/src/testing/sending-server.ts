import { listen } from "../listen.ts"
import { loopbackCertificate } from "./server.ts"

// A program of its own, to be killed: prints its port and sends without end to whoever connects.
const listener = await listen({ host: "127.0.0.1", port: 0, certificate: loopbackCertificate() })
process.stdout.write(`${listener.address.port}\n`)
for await (const connection of listener.connections) {
  const sending = async (): Promise<void> => {
    while (true) await connection.write(new Uint8Array(10_000))
  }
  void sending().catch(() => {}) // The client moved on to another connection.
}
