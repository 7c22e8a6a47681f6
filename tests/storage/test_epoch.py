"""The epoch of a database."""

from mixsvc.storage.epoch import new_epoch, read_epoch
from tests.stores import OnPostgres, OnSqlite, TablesCase


class EpochContract(TablesCase):
    def test_a_database_keeps_its_epoch(self) -> None:
        epochs = {self.run_in(read_epoch) for _ in range(2)}

        self.assertEqual([16], [len(each) for each in epochs])

    def test_each_new_epoch_is_another_one(self) -> None:
        self.assertEqual(3, len({new_epoch(), new_epoch(), self.run_in(read_epoch)}))


class SqliteEpochTests(EpochContract, OnSqlite):
    __test__ = True


class PostgresEpochTests(EpochContract, OnPostgres):
    __test__ = True
