/** libsodium.js as its authors compile it, without their wrapper, which is four times its glue. It brings no types. */
declare module "libsodium" {
  /** Compiles the WebAssembly. `getRandomValue` returns 32 random bits. */
  export default function instantiate(options: { getRandomValue(): number }): Promise<unknown>
}
