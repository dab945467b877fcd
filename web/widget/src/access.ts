// What every call of the Chat API carries.

import { scenarioOf, type Settings } from './wire';

export const headersOf = (settings: Settings, userId: string): Record<string, string> => ({
  Accept: 'application/json',
  Authorization: `Bearer ${settings.appKey}`,
  'OPENDIALOG-USER-ID': userId,
  'OPENDIALOG-SCENARIO-ID': scenarioOf(settings),
});
