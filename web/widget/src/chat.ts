// The chat as a module: the SDK imports it, and the server's own page runs it.

import { startPage } from './page';

export { Chat } from './chat/main';
export { userIdOf, uuid } from './identity';
export { makeLauncher } from './launcher';

if (document.documentElement.hasAttribute('data-parlance-page')) startPage();
