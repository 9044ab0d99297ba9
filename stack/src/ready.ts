import { platform } from "#platform"

/**
 * Prepares the library. In browsers it has to be awaited once before anything else is called, for they compile WebAssembly
 * asynchronously only; on Node it does nothing. After it everything is synchronous.
 *
 * Rejects where WebAssembly is forbidden: the page's Content-Security-Policy needs `wasm-unsafe-eval`.
 */
export function ready(): Promise<void> {
  return platform.ready()
}
