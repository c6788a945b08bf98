//! What end-to-end tests share: the real program in a folder of its own, and clients of its members.

