// The SDK as an ES module; sdk.js is the one implementation.
import './sdk.js';
export const OpenDialogChatSDK = globalThis.ODWebChat.OpenDialogChatSDK;
export default OpenDialogChatSDK;
