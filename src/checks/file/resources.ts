import { FACTS_RESOURCES } from './facts-resources.ts'
import { PROBE_RESOURCES } from './probe-resources.ts'
import type { Resource } from './resource.ts'

const ALL = { ...FACTS_RESOURCES, ...PROBE_RESOURCES }
export type ResourceName = keyof typeof ALL
export type FactsResourceName = keyof typeof FACTS_RESOURCES
export type ProbeResourceName = keyof typeof PROBE_RESOURCES

/** Everything that can be checked, by its key in a check. */
export const RESOURCES: Readonly<Record<ResourceName, Resource>> = ALL
export const RESOURCE_NAMES = Object.keys(ALL) as readonly ResourceName[]
