//! From the sources' answers into PostgreSQL, bit for bit.

mod random_prices;
mod recorded_years;
