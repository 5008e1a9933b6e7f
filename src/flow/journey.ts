/** What a prediction gives; in the model, as its printed forms are below this folder. */
export type {
  Alternative,
  Fix,
  FixCommand,
  Flow,
  FlowSource,
  Hop,
  Journey,
  MtuBudget,
  MtuRow,
  PacketSummary,
  Place,
  PlaceKind,
  Stage,
  Unknown,
  Verdict,
} from '../model/journey.ts'
