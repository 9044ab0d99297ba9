/** As much of the WebAssembly interface as is watched; Node has it, its declarations do not. */
interface WebAssemblyInterface {
  Instance: new (...args: readonly unknown[]) => WebAssemblyInstance
  instantiate: (...args: readonly unknown[]) => Promise<unknown>
  instantiateStreaming: (source: Promise<Response>, imports?: unknown) => Promise<unknown>
  readonly Memory: new (descriptor: unknown) => WebAssemblyMemory
}

interface WebAssemblyInstance {
  readonly exports: Readonly<Record<string, unknown>>
}

interface WebAssemblyMemory {
  readonly buffer: ArrayBuffer
}

const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface }).WebAssembly

/**
 * Loads a library and finds the memories of its WebAssembly modules, which its bindings do not show: modules are made
 * through the functions of `WebAssembly` only, which are watched while `load` runs.
 */
export async function catchingMemories<T>(
  load: () => Promise<T>,
): Promise<{ readonly loaded: T; readonly foreignMemoryBytes: () => number }> {
  const memories = new Set<WebAssemblyMemory>()
  const keep = ({ exports }: WebAssemblyInstance): void => {
    for (const exported of Object.values(exports)) if (exported instanceof webAssembly.Memory) memories.add(exported)
  }
  const { Instance, instantiate, instantiateStreaming } = webAssembly
  webAssembly.instantiate = async (...args) => {
    const made = await instantiate(...args)
    keep(made instanceof Instance ? made : (made as { readonly instance: WebAssemblyInstance }).instance)
    return made
  }
  webAssembly.instantiateStreaming = async (source, imports) =>
    await webAssembly.instantiate(await (await source).arrayBuffer(), imports)
  webAssembly.Instance = class extends Instance {
    constructor(...args: readonly unknown[]) {
      super(...args)
      keep(this)
    }
  }
  try {
    const loaded = await load()
    return { loaded, foreignMemoryBytes: () => [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0) }
  } finally {
    Object.assign(webAssembly, { Instance, instantiate, instantiateStreaming })
  }
}
