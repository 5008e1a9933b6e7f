import { defineConfig } from 'vitest/config'
import { browserSourcesForTests } from './scripts/browser-sources.mjs'

const source = {
  plugins: [browserSourcesForTests()],
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source', 'node', 'import', 'default'] } },
}

/** One project a test tier (STYLE.md: codec and logic and views = unit; then system, docker, vm). */
export default defineConfig({
  test: {
    projects: [
      {
        ...source,
        test: {
          name: 'unit',
          // Bounds a hang; how long a test takes is no result, and machines are busy.
          testTimeout: 60_000,
          include: ['test/**/*.test.{ts,tsx}', 'packages/*/test/**/*.test.ts'],
          exclude: ['test/{system,docker,vm}/**', 'packages/*/test/system/**'],
        },
      },
      {
        ...source,
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts', 'packages/*/test/system/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        ...source,
        test: {
          name: 'docker',
          include: ['test/docker/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        ...source,
        test: {
          name: 'vm',
          include: ['test/vm/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
})
