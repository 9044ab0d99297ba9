import { describeConnection, describeListener } from "../conformance/index.ts"
import { memoryListener, memoryPair } from "./memory-connection.ts"

// The default window of 512 KiB and one batch that left for the pipe.
describeConnection("memory", { makePair: async () => memoryPair(), mostUnreadBytes: 600_000 })
describeConnection("memory, with the smallest window", {
  makePair: async () => memoryPair({ windowBytes: 65_536 }),
  mostUnreadBytes: 131_072,
})

describeListener("memory", async () => {
  const { listener, dial } = memoryListener()
  return { listener, dial, [Symbol.asyncDispose]: async () => await listener.close() }
})
