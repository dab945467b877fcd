import './sdk.js';
export const { OpenDialogChatSDK } = ODWebChat;
