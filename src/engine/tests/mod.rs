//! Each rule of the engine, as tables.
