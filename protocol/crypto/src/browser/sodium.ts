import sodium from "libsodium-wrappers"

/** libsodium after its WebAssembly is compiled. */
export type Sodium = typeof sodium

/**
 * Compiles libsodium's WebAssembly, which browsers only do asynchronously; everything after it is synchronous.
 *
 * The one promise under `protocol/`: an application awaits it once at its edge, before there is a protocol to run.
 */
export async function loadSodium(): Promise<Sodium> {
  await sodium.ready
  return sodium
}
