import type { ResolvedLab } from '../resolve/lab-object.ts'
import type { LabBuilder } from './lab-builder.ts'
import { needsAgent, prepareServed } from './served.ts'

/** Has the agent serve what a lab has now; resolves when it does. */
export async function serveLab(builder: LabBuilder, resolved: ResolvedLab): Promise<void> {
  const served = await prepareServed(builder, resolved)
  if (needsAgent(served)) return
}

export async function stopServing(_lab: string): Promise<void> {}
