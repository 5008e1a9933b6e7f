import { loadYoga, type Yoga } from 'yoga-layout/load'

/**
 * Takes the place of the package `yoga-layout` in the bundle (scripts/build.mjs), which awaits its WebAssembly at the
 * top level: then the bundle could not be one script, of which V8 keeps the compiled code.
 */
const layout = {} as Yoga

/** Ink must not draw before. */
export async function prepareYoga(): Promise<void> {
  Object.assign(layout, await loadYoga())
}

// biome-ignore lint/style/noDefaultExport: the package that it stands for has one
export default layout
export * from 'yoga-layout/load'
